# Halide 21 from its PyPI wheel, which `make deps` puts into build/venv-halide: the target Halide, if it is there.
# (The wheel's own HalideConfig.cmake asks for CMake 3.28.)
set(SRCC_HALIDE "" CACHE PATH "Folder with Halide's include and lib64 (empty: build/venv-halide, if there)")
set(srcc_halide_wheel ${SRCC_HALIDE})
if(NOT srcc_halide_wheel)
  file(GLOB srcc_halide_wheel ${PROJECT_SOURCE_DIR}/build/venv-halide/lib/python3*/site-packages/halide)
endif()
if(srcc_halide_wheel AND EXISTS ${srcc_halide_wheel}/include/Halide.h)
  file(GLOB srcc_halide_library ${srcc_halide_wheel}/lib64/libHalide.so ${srcc_halide_wheel}/lib/libHalide.so)
  list(GET srcc_halide_library 0 srcc_halide_library)
  add_library(Halide SHARED IMPORTED)
  set_target_properties(Halide PROPERTIES IMPORTED_LOCATION ${srcc_halide_library} IMPORTED_SONAME libHalide.so
    INTERFACE_INCLUDE_DIRECTORIES ${srcc_halide_wheel}/include
    INTERFACE_COMPILE_DEFINITIONS "HALIDE_VERSION_MAJOR=21;HALIDE_VERSION_MINOR=0;HALIDE_VERSION_PATCH=0;HALIDE_ENABLE_RTTI;HALIDE_WITH_EXCEPTIONS"
    INTERFACE_LINK_LIBRARIES "Threads::Threads;${CMAKE_DL_LIBS}")
  message(STATUS "Halide: ${srcc_halide_wheel}")
else()
  message(STATUS "Halide: not there, srcc-halide is left out (`make deps` installs it)")
endif()
