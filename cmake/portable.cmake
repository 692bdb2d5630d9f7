# gridloom_portable: the program with all libraries in it, the C library too, so that it runs on any Linux of its
# processor. It takes the rooms' libraries as they are: beside a release build it costs a few small files and a link.
# An archive of it has zone files beside it, see src/app/process/local_zone.h. tools/package makes it.
#
# Debian has static libraries of all packages but fmt and spdlog, which have all their code in their headers too:
# portable/*.cc compile it. Where another system lacks one, there is no gridloom_portable. No static form of libpq can be
# linked, and there is none of libnats, so that this program is without the wing src/cluster.
set(archives "")
foreach(name ssl crypto sqlite3 yaml boost_json sodium zstd z xxhash)
  find_library(GL_ARCHIVE_${name} NAMES lib${name}.a)
  if(NOT GL_ARCHIVE_${name})
    message(STATUS "No gridloom_portable: there is no lib${name}.a")
    return()
  endif()
  list(APPEND archives ${GL_ARCHIVE_${name}})
endforeach()
get_property(rooms GLOBAL PROPERTY GL_ROOMS)
set(room_archives "")
foreach(room IN LISTS rooms)
  get_property(folder GLOBAL PROPERTY GL_FOLDER_${room})
  if(folder MATCHES "/src/(cluster/|app/wings/(with_cluster|no_home|no_bridges|no_lab)$)")
    continue()
  endif()
  list(APPEND room_archives $<TARGET_FILE:gl_${room}>)
endforeach()

add_library(gl_portable_libraries OBJECT EXCLUDE_FROM_ALL cmake/portable/fmt.cc cmake/portable/spdlog.cc)
target_compile_definitions(gl_portable_libraries PRIVATE FMT_SHARED SPDLOG_COMPILED_LIB SPDLOG_FMT_EXTERNAL)
target_compile_options(gl_portable_libraries PRIVATE -w)  # not our code

add_executable(gridloom_portable EXCLUDE_FROM_ALL src/main.cc $<TARGET_OBJECTS:gl_portable_libraries>)
target_include_directories(gridloom_portable PRIVATE src src/core src/home src/lab)
target_compile_definitions(gridloom_portable PRIVATE GL_STATIC)
target_link_options(gridloom_portable PRIVATE -static-pie)
target_link_libraries(gridloom_portable PRIVATE
  -Wl,--start-group ${room_archives} $<TARGET_FILE:gl_devices> $<TARGET_FILE:gl_devices_de>
  $<TARGET_FILE:gl_devices_products> $<TARGET_FILE:gl_homes>
  $<TARGET_FILE:gl_page>
  ${archives} -Wl,--end-group)
set_target_properties(gridloom_portable PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR})
add_dependencies(gridloom_portable gl_app gl_with_home gl_with_bridges gl_with_lab gl_no_cluster gl_devices gl_devices_de
                 gl_devices_products gl_homes gl_page)
