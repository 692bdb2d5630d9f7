# Read by ctest, with the variables that suites.cmake sets: adds a test PREFIX/SUITE for each suite of a gtest program,
# or PREFIX/SUITE.CASE for each case if GL_TEST_CASES is set in the environment.
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

# A suite's line ends in a dot; its cases are indented.
file(STRINGS "${list}" names REGEX "^([A-Za-z0-9_/]+\\.|  [A-Za-z0-9_/]+)$")
foreach(name IN LISTS names)
  if(name MATCHES "^([^ ]+)\\.$")
    set(suite "${CMAKE_MATCH_1}")
    if(NOT DEFINED ENV{GL_TEST_CASES})
      add_test("${prefix}/${suite}" "${program}" "--gtest_filter=${suite}.*")
    endif()
  elseif(DEFINED ENV{GL_TEST_CASES})
    string(STRIP "${name}" name)
    add_test("${prefix}/${suite}.${name}" "${program}" "--gtest_filter=${suite}.${name}")
  endif()
endforeach()
