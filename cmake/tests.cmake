# Tests of two kinds. Those that look at code in one process (units, transcripts, scenarios, parsers) are of builds with
# sanitizers, which see most there. Those that start the program drive the optimized one, which is what ships and takes
# a quarter of the time; those that simulate weeks are optimized as well, and take an eighth. A build with sanitizers has
# both as sanitized/NAME, for ./test --long. ./test runs both builds' tests as one list.
#
# Each test is run by tools/cost, which notes what it costs.
set(GL_COST ${CMAKE_SOURCE_DIR}/tools/cost)
if(GL_SANITIZE)
  set(GL_PROCESS_PREFIX sanitized/)
else()
  set(GL_PROCESS_PREFIX "")
endif()

# gl_test(NAME [LABELS LABEL...] COMMAND WORD...): of builds with sanitizers.
function(gl_test name)
  cmake_parse_arguments(PARSE_ARGV 1 test "" "" "LABELS;COMMAND")
  if(GL_SANITIZE)
    add_test(NAME ${name} COMMAND ${GL_COST} ${name} ${test_COMMAND})
    set_tests_properties(${name} PROPERTIES LABELS "${test_LABELS}" ENVIRONMENT PYTHONDONTWRITEBYTECODE=1)
  endif()
endfunction()

# gl_process_test(NAME [LONG] [TIMEOUT S] [LOCK RESOURCE] [IN FOLDER] [SETS_UP FIXTURE] [NEEDS FIXTURE...]
#                 [ENVIRONMENT NAME=VALUE...] COMMAND WORD...)
# One test at a time has a resource. What ends with 77 is skipped. LONG: for ./test --long alone, in either build.
function(gl_process_test name)
  cmake_parse_arguments(PARSE_ARGV 1 test "LONG" "TIMEOUT;LOCK;IN;SETS_UP" "NEEDS;ENVIRONMENT;COMMAND")
  set(full ${GL_PROCESS_PREFIX}${name})
  if(NOT test_IN)
    set(test_IN ${CMAKE_CURRENT_BINARY_DIR})
  endif()
  add_test(NAME ${full} COMMAND ${GL_COST} ${full} ${test_COMMAND} WORKING_DIRECTORY ${test_IN})
  set_tests_properties(${full} PROPERTIES SKIP_RETURN_CODE 77
                       ENVIRONMENT "PYTHONDONTWRITEBYTECODE=1;${test_ENVIRONMENT}")
  if(test_LONG OR GL_SANITIZE)
    set_tests_properties(${full} PROPERTIES LABELS long)
  endif()
  if(test_TIMEOUT)
    set_tests_properties(${full} PROPERTIES TIMEOUT ${test_TIMEOUT})
  endif()
  if(test_LOCK)
    set_tests_properties(${full} PROPERTIES RESOURCE_LOCK ${test_LOCK})
  endif()
  # Each build has fixtures of its own.
  list(TRANSFORM test_NEEDS PREPEND "${GL_PROCESS_PREFIX}")
  if(test_NEEDS)
    set_tests_properties(${full} PROPERTIES FIXTURES_REQUIRED "${test_NEEDS}")
  endif()
  if(test_SETS_UP)
    set_tests_properties(${full} PROPERTIES FIXTURES_SETUP ${GL_PROCESS_PREFIX}${test_SETS_UP})
  endif()
endfunction()

# gl_npm_test(NAME FOLDER FIXTURE): installs the packages of a folder.
function(gl_npm_test name folder fixture)
  gl_process_test(${name} SETS_UP ${fixture} IN ${folder} COMMAND npm ci --ignore-scripts --prefer-offline)
endfunction()

# gl_process_program(TARGET...): programs that the tests of processes run.
add_custom_target(gl_process_programs)
function(gl_process_program)
  add_dependencies(gl_process_programs ${ARGN})
endfunction()

# The tests of a gtest program, which ctest reads off it (see list_suites.cmake).
function(gl_list_suites program prefix label)
  set(file ${CMAKE_CURRENT_BINARY_DIR}/suites/${program}.cmake)
  file(GENERATE OUTPUT ${file} CONTENT
"set(program \"$<TARGET_FILE:${program}>\")
set(prefix \"${prefix}\")
set(label \"${label}\")
set(cost \"${GL_COST}\")
set(list \"${CMAKE_CURRENT_BINARY_DIR}/suites/${program}.txt\")
include(\"${CMAKE_SOURCE_DIR}/cmake/list_suites.cmake\")
")
  set_property(DIRECTORY APPEND PROPERTY TEST_INCLUDE_FILES ${file})
endfunction()

# gl_suites(PROGRAM PREFIX): of builds with sanitizers.
function(gl_suites program prefix)
  if(GL_SANITIZE)
    gl_list_suites(${program} ${prefix} "")
  endif()
endfunction()

# gl_process_suites(PROGRAM PREFIX): as gl_process_test.
function(gl_process_suites program prefix)
  gl_process_program(${program})
  if(GL_SANITIZE)
    gl_list_suites(${program} ${GL_PROCESS_PREFIX}${prefix} long)
  else()
    gl_list_suites(${program} ${prefix} "")
  endif()
endfunction()
