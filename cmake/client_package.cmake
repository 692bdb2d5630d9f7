# Gridloom::client as a CMake package: the client of the signed HTTP API and of MQTT (src/core/client), as static libraries
# with their headers. `cmake --install build/release --component client --prefix DIR` installs it;
# docs/examples/client uses it.
include(CMakePackageConfigHelpers)

set(rooms base wire net client)  # client and what layers.txt has it include
foreach(room IN LISTS rooms)
  set_target_properties(gl_${room} PROPERTIES EXPORT_NAME ${room})
  install(DIRECTORY src/core/${room} DESTINATION include/gridloom COMPONENT client
          FILES_MATCHING PATTERN "*.h" PATTERN "test_*" EXCLUDE PATTERN testdata EXCLUDE)
endforeach()
target_compile_features(gl_base INTERFACE cxx_std_23)

list(TRANSFORM rooms PREPEND gl_ OUTPUT_VARIABLE libraries)
install(TARGETS ${libraries} EXPORT GridloomTargets ARCHIVE DESTINATION lib/gridloom COMPONENT client)
install(EXPORT GridloomTargets NAMESPACE Gridloom:: DESTINATION lib/cmake/Gridloom COMPONENT client)
write_basic_package_version_file(${CMAKE_CURRENT_BINARY_DIR}/GridloomConfigVersion.cmake
                                 COMPATIBILITY SameMinorVersion)
install(FILES cmake/GridloomConfig.cmake ${CMAKE_CURRENT_BINARY_DIR}/GridloomConfigVersion.cmake
        DESTINATION lib/cmake/Gridloom COMPONENT client)
