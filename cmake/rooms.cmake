# Every room looks alike: src/<wing>/<room>/**.cc is its library gl_<room>, *_test.cc its unit test, *_weeks_test.cc
# another one that simulates weeks and is optimized, *_fuzz.cc its fuzz targets. layers.txt says what links what; its
# indented rows, which order the folders of a room, are tools/check_style's alone. That sees to it, too, that every
# header compiles alone.

# What src/ is built of. Each wing but core may be left out, home together with bridges, which know it.
set(GL_WINGS core home bridges lab cluster app CACHE STRING "wings of src/ that are built")
if(bridges IN_LIST GL_WINGS AND NOT home IN_LIST GL_WINGS)
  message(FATAL_ERROR "GL_WINGS: bridges need home")
endif()

# Whether the room in that folder below src/ is built.
function(gl_has_wing out folder)
  string(REGEX MATCHALL "[a-z_]+" names ${folder})
  list(GET names 0 wing)
  set(${out} TRUE PARENT_SCOPE)
  if(NOT wing STREQUAL "testing" AND NOT wing IN_LIST GL_WINGS)
    set(${out} FALSE PARENT_SCOPE)
  elseif(folder MATCHES "^app/wings/with_(.*)" AND NOT CMAKE_MATCH_1 IN_LIST GL_WINGS)
    set(${out} FALSE PARENT_SCOPE)
  endif()
endfunction()

# The third-party libraries of a room.
function(gl_libraries room)
  set_property(GLOBAL PROPERTY GL_LIBRARIES_${room} "${ARGN}")
endfunction()

# The one file of tests that knows where it is (src/testing/source_path.h).
file(GENERATE OUTPUT ${CMAKE_BINARY_DIR}/source_path.cc CONTENT
"#include \"testing/source_path.h\"

std::string gridloom::source_path(std::string_view path) {
  return std::string(\"${CMAKE_SOURCE_DIR}/\").append(path);
}
")
add_library(gl_source_path STATIC ${CMAKE_BINARY_DIR}/source_path.cc)
target_include_directories(gl_source_path PUBLIC ${CMAKE_SOURCE_DIR}/src)

# A program of gtest.
function(gl_gtest_program name)
  add_executable(${name} ${ARGN})
  target_link_libraries(${name} PRIVATE GTest::gtest_main GTest::gmock gl_source_path)
  target_precompile_headers(${name} REUSE_FROM gl_precompiled_test)
  target_compile_options(${name} PRIVATE ${GL_QUICK_OPTIONS})
  gl_unity(${name})
endfunction()

# gl_test_program(NAME PREFIX SOURCE...): its suites are the tests PREFIX/SUITE.
function(gl_test_program name prefix)
  gl_gtest_program(${name} ${ARGN})
  gl_suites(${name} ${prefix})
endfunction()

function(gl_unit_test room)
  gl_test_program(${room}_test unit/${room} ${ARGN})
endfunction()

# A room for tests has headers only. A test that includes one links the rooms behind it already, as its own room's.
function(gl_room_for_tests room folder)
  file(GLOB tests CONFIGURE_DEPENDS ${folder}/*_test.cc)
  gl_unit_test(${room} ${tests})
  list(TRANSFORM ARGN PREPEND gl_)
  target_link_libraries(${room}_test PRIVATE ${ARGN})
endfunction()

# In the fuzz preset everything is instrumented, and tools/fuzz runs the target on variations of its corpus. Where
# AddressSanitizer is on, the target is a test: it takes its corpus.
function(gl_fuzz_target name file room)
  add_executable(${name} ${file})
  target_link_libraries(${name} PRIVATE gl_${room})
  target_link_options(${name} PRIVATE -fsanitize=fuzzer)
  if(GL_FUZZ)
    return()
  endif()
  target_compile_options(${name} PRIVATE -fsanitize=fuzzer-no-link)
  set(kept ${CMAKE_SOURCE_DIR}/tests/corpus/${name})
  file(MAKE_DIRECTORY ${CMAKE_BINARY_DIR}/fuzz)
  if(NOT EXISTS ${kept})
    set(kept)
  endif()
  gl_test(fuzz/${name} COMMAND $<TARGET_FILE:${name}> -runs=0 -timeout=60 -rss_limit_mb=2048
                               -artifact_prefix=${CMAKE_BINARY_DIR}/fuzz/${name}. ${kept})
endfunction()

# Headers are included by the name of the room, so its wing is where they are looked for.
function(gl_room room from)
  get_filename_component(wing ${from} DIRECTORY)
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${from}/*.cc)
  list(FILTER sources EXCLUDE REGEX "^${from}/wings/")  # rooms of their own
  set(tests ${sources})
  set(weeks ${sources})
  set(fuzzers ${sources})
  list(FILTER tests INCLUDE REGEX "_test\\.cc$")
  list(FILTER tests EXCLUDE REGEX "_weeks_test\\.cc$")
  list(FILTER weeks INCLUDE REGEX "_weeks_test\\.cc$")
  list(FILTER fuzzers INCLUDE REGEX "_fuzz\\.cc$")
  list(FILTER sources EXCLUDE REGEX "_(test|fuzz)\\.cc$")

  if(NOT sources)
    file(GENERATE OUTPUT ${CMAKE_BINARY_DIR}/headers_only/${room}.cc CONTENT "// ${room} has headers only\n")
    list(APPEND sources ${CMAKE_BINARY_DIR}/headers_only/${room}.cc)
  endif()
  set_property(GLOBAL APPEND PROPERTY GL_ROOMS ${room})
  set_property(GLOBAL PROPERTY GL_FOLDER_${room} ${from})
  add_library(gl_${room} STATIC ${sources})
  target_include_directories(gl_${room} PUBLIC $<BUILD_INTERFACE:${wing}>
                             $<INSTALL_INTERFACE:include/gridloom>)
  if(room IN_LIST GL_QUICK_ROOMS)
    target_precompile_headers(gl_${room} REUSE_FROM gl_precompiled_quick)
    target_compile_options(gl_${room} PRIVATE ${GL_QUICK_OPTIONS})
  else()
    target_precompile_headers(gl_${room} REUSE_FROM gl_precompiled)
  endif()
  get_property(libraries GLOBAL PROPERTY GL_LIBRARIES_${room})
  target_link_libraries(gl_${room} PUBLIC ${libraries})
  foreach(below IN LISTS ARGN)
    target_link_libraries(gl_${room} PUBLIC gl_${below})
  endforeach()
  gl_unity(gl_${room})

  if(tests)
    gl_unit_test(${room} ${tests})
    target_link_libraries(${room}_test PRIVATE gl_${room})
  endif()
  if(weeks)
    gl_gtest_program(${room}_weeks_test ${weeks})
    target_link_libraries(${room}_weeks_test PRIVATE gl_${room})
    gl_process_suites(${room}_weeks_test weeks/${room})
  endif()
  if(GL_SANITIZE MATCHES address)
    foreach(file IN LISTS fuzzers)
      get_filename_component(name ${file} NAME_WE)
      gl_fuzz_target(${name} ${file} ${room})
    endforeach()
  endif()
endfunction()

function(gl_rooms_from file)
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${file})
  file(STRINGS ${file} rows)
  foreach(row IN LISTS rows)
    if(row MATCHES "^([a-z_/]+)( \\(tests\\))?:(.*)$")
      gl_has_wing(is_wanted ${CMAKE_MATCH_1})
      if(NOT is_wanted)
        continue()
      endif()
      string(REGEX MATCH "^([a-z_/]+)( \\(tests\\))?:(.*)$" matched ${row})
      set(folder ${CMAKE_SOURCE_DIR}/src/${CMAKE_MATCH_1})
      set(is_for_tests "${CMAKE_MATCH_2}")
      string(REGEX MATCHALL "[a-z_]+" below "${CMAKE_MATCH_3}")
      get_filename_component(room ${folder} NAME)
      if(is_for_tests)
        gl_room_for_tests(${room} ${folder} ${below})
      else()
        gl_room(${room} ${folder} ${below})
      endif()
    endif()
  endforeach()
endfunction()
