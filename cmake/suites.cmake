# Every suite of a gtest program is a test of its own, so that `ctest -R Sets` finds the suite Sets. A process for every
# case would take longer to start, with sanitizers, than most cases take. ctest reads the suites off the program when
# that is newer than the list it made last: see list_suites.cmake.

# gl_suites(PROGRAM PREFIX): the tests PREFIX/SUITE.
function(gl_suites program prefix)
  set(file ${CMAKE_CURRENT_BINARY_DIR}/suites/${program}.cmake)
  file(GENERATE OUTPUT ${file} CONTENT
"set(program \"$<TARGET_FILE:${program}>\")
set(prefix \"${prefix}\")
set(list \"${CMAKE_CURRENT_BINARY_DIR}/suites/${program}.txt\")
include(\"${CMAKE_SOURCE_DIR}/cmake/list_suites.cmake\")
")
  set_property(DIRECTORY APPEND PROPERTY TEST_INCLUDE_FILES ${file})
endfunction()
