# Three precompiled headers for the whole project: two thirds of a translation unit's time is parsing these.
# They must hold nothing of our own, or a change of it rebuilds everything. Nor a library that defines variables in its
# header, as CLI11 does: every file would compile their constructors and all that these call, which takes a second.
set(GL_PRECOMPILED
  <algorithm> <array> <chrono> <cstdint> <expected> <filesystem> <functional> <map> <memory> <optional>
  <set> <string> <string_view> <unordered_map> <utility> <variant> <vector>
  <boost/json/array.hpp> <boost/json/object.hpp> <boost/json/value.hpp>
  <fmt/format.h> <spdlog/spdlog.h>)

# Without the time stamp ccache can tell that two of them are the same.
add_compile_options("SHELL:-Xclang -fno-pch-timestamp")

# As an option of the compiler's own, which ccache writes relative to the clone; CMake's way is not, and has the header
# read again.
set(CMAKE_CXX_COMPILE_OPTIONS_USE_PCH -include-pch <PCH_FILE>)

# A clone can take from ccache what another one has compiled only if their precompiled headers count as the same, and each
# has its own path in it: tools/sum_headers gives ccache a sum of what is in it.
function(gl_precompiled name)
  file(GENERATE OUTPUT ${CMAKE_BINARY_DIR}/${name}.cc CONTENT "// Carries a precompiled header.\n")
  add_library(${name} OBJECT ${CMAKE_BINARY_DIR}/${name}.cc)
  target_link_libraries(${name} PRIVATE fmt::fmt spdlog::spdlog Boost::json GTest::gtest)
  target_precompile_headers(${name} PRIVATE ${ARGN})
  set_target_properties(${name} PROPERTIES
    CXX_COMPILER_LAUNCHER "${CMAKE_SOURCE_DIR}/tools/sum_headers;${CMAKE_CXX_COMPILER_LAUNCHER}")
endfunction()
gl_precompiled(gl_precompiled ${GL_PRECOMPILED})
gl_precompiled(gl_precompiled_test ${GL_PRECOMPILED} <gtest/gtest.h> <gmock/gmock.h>)
gl_precompiled(gl_precompiled_quick ${GL_PRECOMPILED})

# In the dev build, a test and the rooms that tests keep least busy are not optimized, because that takes twice as long
# to compile as they then run longer. The devices, their values and their history are optimized.
set(GL_QUICK_OPTIONS $<$<CONFIG:Debug>:-O0>)
set(GL_QUICK_ROOMS app server overview home own_api http sign_in api registry bridges)
target_compile_options(gl_precompiled_test PRIVATE ${GL_QUICK_OPTIONS})
target_compile_options(gl_precompiled_quick PRIVATE ${GL_QUICK_OPTIONS})
