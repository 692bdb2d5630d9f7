# Several files of a room are compiled as one: templates and inline functions are most of a file's work, and are then
# made once for all. A whole build takes little more than half the time; the price is that a changed file is compiled
# with those of its group. The presets tsan and fuzz compile each file for itself, and show what one forgot to include.
option(GL_UNITY "compile several files of a room at once" OFF)
if(GL_UNITY)
  find_package(Python3 COMPONENTS Interpreter)
  if(NOT Python3_FOUND)
    message(STATUS "Without python3 each file is compiled for itself, which takes longer.")
    set(GL_UNITY OFF)
  endif()
endif()
if(GL_UNITY)
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/tools/cpp_files.py
               ${CMAKE_SOURCE_DIR}/tools/unity_groups)
  execute_process(COMMAND ${Python3_EXECUTABLE} -B ${CMAKE_SOURCE_DIR}/tools/unity_groups
                  OUTPUT_VARIABLE groups COMMAND_ERROR_IS_FATAL ANY)
  string(REGEX MATCHALL "[^\n]+" groups "${groups}")
  foreach(line IN LISTS groups)
    string(REPLACE " " ";" line "${line}")
    list(POP_FRONT line file group)
    set_source_files_properties(${CMAKE_SOURCE_DIR}/${file} PROPERTIES UNITY_GROUP ${group})
  endforeach()
endif()

function(gl_unity target)
  if(GL_UNITY)
    set_target_properties(${target} PROPERTIES UNITY_BUILD ON UNITY_BUILD_MODE GROUP)
  endif()
endfunction()
