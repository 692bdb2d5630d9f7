# The linker takes the first of the copies that several objects bring of a template or an inline function. So the
# libraries of the rooms that are optimized stand before all that is not: else their own std::string would be the slow
# one of a test.
# A linker that searches archives once, in their order, would take nothing from them; mold looks back.

# gl_rooms_behind(OUT TARGET): gl_<room> of each room that TARGET links, by whichever way.
function(gl_rooms_behind out target)
  set(found)
  set(open ${target})
  while(open)
    list(POP_FRONT open one)
    get_target_property(libraries ${one} LINK_LIBRARIES)
    foreach(library IN LISTS libraries)
      if(library MATCHES "^gl_" AND TARGET ${library} AND NOT library IN_LIST found)
        list(APPEND found ${library})
        list(APPEND open ${library})
      endif()
    endforeach()
  endwhile()
  set(${out} ${found} PARENT_SCOPE)
endfunction()

# gl_optimized_first(FOLDER): for each program of FOLDER and of the folders in it.
function(gl_optimized_first folder)
  get_property(folders DIRECTORY ${folder} PROPERTY SUBDIRECTORIES)
  foreach(below IN LISTS folders)
    gl_optimized_first(${below})
  endforeach()
  get_property(rooms GLOBAL PROPERTY GL_ROOMS)
  list(REMOVE_ITEM rooms ${GL_QUICK_ROOMS})
  get_property(targets DIRECTORY ${folder} PROPERTY BUILDSYSTEM_TARGETS)
  foreach(target IN LISTS targets)
    get_target_property(type ${target} TYPE)
    if(type STREQUAL "EXECUTABLE")
      gl_rooms_behind(behind ${target})
      foreach(room IN LISTS rooms)
        if(gl_${room} IN_LIST behind)
          target_link_options(${target} PRIVATE $<$<CONFIG:Debug>:$<TARGET_FILE:gl_${room}>>)
        endif()
      endforeach()
    endif()
  endforeach()
endfunction()
