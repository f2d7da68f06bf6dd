# Small helpers shared by all parts; part-specific ones lie in SrccMLIR.cmake.
