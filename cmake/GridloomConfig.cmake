# find_package(Gridloom): the target Gridloom::client. Its libraries link Debian's fmt, spdlog, Boost.JSON, OpenSSL,
# libsodium and xxHash.
include(CMakeFindDependencyMacro)
find_dependency(Boost 1.81 COMPONENTS json)
find_dependency(OpenSSL 3)
find_dependency(fmt)
find_dependency(spdlog)
find_dependency(Threads)
find_dependency(PkgConfig)
pkg_check_modules(sodium REQUIRED IMPORTED_TARGET libsodium)
pkg_check_modules(xxhash REQUIRED IMPORTED_TARGET libxxhash)
include(${CMAKE_CURRENT_LIST_DIR}/GridloomTargets.cmake)
