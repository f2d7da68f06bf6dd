# embed.cmake: writes OUTPUT, one C++ initialiser {"name", R"json(text)json"} for each of FILES ("|" between them).
string(REPLACE "|" ";" FILES "${FILES}")
set(result "")
foreach(file IN LISTS FILES)
  get_filename_component(name ${file} NAME_WE)
  file(READ ${file} text)
  string(APPEND result "{\"${name}\", R\"json(${text})json\"},\n")
endforeach()
file(WRITE ${OUTPUT} "${result}")
