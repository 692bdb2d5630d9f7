# Writes the reference pages of the families, README.md and one a family, with the program itself:
#   cmake -D PROGRAM=.../gridloom -D OUT=FOLDER -P cmake/family_pages.cmake
# The families are those that README.md links to, so that no link leads nowhere.
file(REMOVE_RECURSE ${OUT})
file(MAKE_DIRECTORY ${OUT})
unset(ENV{GRIDLOOM_DATA})  # a server that runs on that folder may have families of its own

function(write_page name)
  execute_process(COMMAND ${PROGRAM} family page ${ARGN} WORKING_DIRECTORY ${OUT} OUTPUT_FILE ${OUT}/${name}.md
                  COMMAND_ERROR_IS_FATAL ANY)
endfunction()

# README.md gets its name at the end: it stands for all of them in the build.
write_page(families)
file(READ ${OUT}/families.md text)
string(REGEX MATCHALL "\\]\\([a-z0-9_]+\\.md\\)" links "${text}")
string(REGEX REPLACE "\\]\\(([a-z0-9_]+)\\.md\\)" "\\1" families "${links}")
list(REMOVE_DUPLICATES families)
if(NOT families)
  message(FATAL_ERROR "${OUT}/families.md links to no family")
endif()
foreach(family IN LISTS families)
  write_page(${family} ${family})
endforeach()
file(RENAME ${OUT}/families.md ${OUT}/README.md)
