# gridloom_portable: the program with all libraries in it, the C library too, so that it runs on any Linux of its
# processor. It takes the rooms' libraries as they are: beside a release build it costs a few small files and a link.
# An archive of it has zone files beside it, see src/app/process/local_zone.h. tools/package makes it.
#
# Debian has static libraries of most packages. Of the others,
#  - fmt and spdlog have all their code in their headers too: portable/*.cc compile it;
#  - wslay and prometheus-cpp are compiled of their Debian sources, which tools/package unpacks into GL_LIBRARY_SOURCES.
set(GL_LIBRARY_SOURCES "" CACHE PATH "unpacked sources of wslay and prometheus-cpp; empty: no gridloom_portable")
if(NOT GL_LIBRARY_SOURCES)
  return()
endif()

set(CMAKE_C_COMPILER ${CMAKE_ASM_COMPILER})
enable_language(C)

set(archives "")
foreach(name ssl crypto sqlite3 yaml-cpp boost_json sodium zstd xxhash)
  find_library(GL_ARCHIVE_${name} NAMES lib${name}.a REQUIRED)
  list(APPEND archives ${GL_ARCHIVE_${name}})
endforeach()
get_property(rooms GLOBAL PROPERTY GL_ROOMS)
set(room_archives "")
foreach(room IN LISTS rooms)
  list(APPEND room_archives $<TARGET_FILE:gl_${room}>)
endforeach()

set(wslay ${GL_LIBRARY_SOURCES}/wslay/lib)
set(PACKAGE_VERSION 1.1.1)
configure_file(${wslay}/includes/wslay/wslayver.h.in ${CMAKE_BINARY_DIR}/portable/wslay/wslayver.h @ONLY)
set(prometheus ${GL_LIBRARY_SOURCES}/prometheus-cpp/core)
add_library(gl_portable_libraries OBJECT EXCLUDE_FROM_ALL
  cmake/portable/fmt.cc cmake/portable/spdlog.cc
  ${wslay}/wslay_event.c ${wslay}/wslay_frame.c ${wslay}/wslay_net.c ${wslay}/wslay_queue.c
  # What makes the text of metrics is all that we use of it.
  ${prometheus}/src/serializer.cc ${prometheus}/src/text_serializer.cc)
target_include_directories(gl_portable_libraries PRIVATE ${wslay}/includes ${CMAKE_BINARY_DIR}/portable)
target_compile_definitions(gl_portable_libraries PRIVATE
  FMT_SHARED SPDLOG_COMPILED_LIB SPDLOG_FMT_EXTERNAL HAVE_ARPA_INET_H HAVE_NETINET_IN_H)
target_compile_options(gl_portable_libraries PRIVATE -w)  # not our code
if(GL_HARDEN)
  target_compile_options(gl_portable_libraries PRIVATE "$<$<COMPILE_LANGUAGE:C>:-O2;${GL_HARDENING}>")
endif()

add_executable(gridloom_portable EXCLUDE_FROM_ALL src/main.cc $<TARGET_OBJECTS:gl_portable_libraries>)
target_include_directories(gridloom_portable PRIVATE src)
target_compile_definitions(gridloom_portable PRIVATE GL_STATIC)
target_link_options(gridloom_portable PRIVATE -static-pie)
target_link_libraries(gridloom_portable PRIVATE
  -Wl,--start-group ${room_archives} $<TARGET_FILE:gl_devices> $<TARGET_FILE:gl_page> ${archives} -Wl,--end-group)
set_target_properties(gridloom_portable PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR})
add_dependencies(gridloom_portable gl_app gl_devices gl_page)
