# Read by ctest, with the variables that tests.cmake sets: adds the tests of a gtest program. A process takes longer to
# start, with sanitizers, than most suites take to run, so a program is two tests, PREFIX/1 and PREFIX/2, which share its
# cases; one, PREFIX, if there are few. With GL_TESTS=suites in the environment each suite is a test, PREFIX/SUITE, with
# GL_TESTS=cases each case, PREFIX/SUITE.CASE. Suites that are called Long... are a test of their own in any case, for
# ./test --long. `label`: of all tests, or empty.
set(few_cases 60)
if(NOT EXISTS "${program}")
  add_test("${prefix}" "${program}")  # ctest says that it is not there
  return()
endif()
if("${program}" IS_NEWER_THAN "${list}")
  execute_process(COMMAND "${program}" --gtest_list_tests OUTPUT_VARIABLE names RESULT_VARIABLE status)
  if(NOT status EQUAL 0)
    add_test("${prefix}" "${program}" --gtest_list_tests)  # fails, and shows why
    return()
  endif()
  # A parameter's value stands behind its case, and may hold what CMake takes for the end of a list item.
  string(REGEX REPLACE " *#[^\n]*" "" names "${names}")
  file(WRITE "${list}.new" "${names}")
  file(RENAME "${list}.new" "${list}")
endif()

function(add_suites name filter)
  add_test("${name}" "${cost}" "${name}" "${program}" "--gtest_filter=${filter}" --gtest_brief=1)
  set_tests_properties("${name}" PROPERTIES LABELS "${label}")
endfunction()

# A suite's line ends in a dot; its cases are indented.
file(STRINGS "${list}" names REGEX "^([A-Za-z0-9_/]+\\.|  [A-Za-z0-9_/]+)$")
set(counted 0)
foreach(name IN LISTS names)
  if(name MATCHES "^([^ ]+)\\.$")
    set(suite "${CMAKE_MATCH_1}")
    string(REGEX MATCH "(^|/)Long" is_long "${suite}")
    if("$ENV{GL_TESTS}" STREQUAL "suites" OR (is_long AND NOT "$ENV{GL_TESTS}" STREQUAL "cases"))
      add_suites("${prefix}/${suite}" "${suite}.*")
    endif()
    if(is_long AND NOT "$ENV{GL_TESTS}" STREQUAL "cases")
      set_tests_properties("${prefix}/${suite}" PROPERTIES LABELS long)
    endif()
  else()
    string(STRIP "${name}" name)
    if("$ENV{GL_TESTS}" STREQUAL "cases")
      add_suites("${prefix}/${suite}.${name}" "${suite}.${name}")
    endif()
    if(NOT is_long)
      math(EXPR counted "${counted} + 1")
    endif()
  endif()
endforeach()
if("$ENV{GL_TESTS}" STREQUAL "" AND counted GREATER few_cases)
  foreach(shard 1 2)
    math(EXPR index "${shard} - 1")
    add_suites("${prefix}/${shard}" "-Long*:*/Long*")
    set_tests_properties("${prefix}/${shard}" PROPERTIES ENVIRONMENT "GTEST_TOTAL_SHARDS=2;GTEST_SHARD_INDEX=${index}")
  endforeach()
elseif("$ENV{GL_TESTS}" STREQUAL "" AND counted GREATER 0)
  add_suites("${prefix}" "-Long*:*/Long*")
endif()
