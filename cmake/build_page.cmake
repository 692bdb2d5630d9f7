# Builds the page and embeds it: cmake -D WEB=web -D OUT=FOLDER -P build_page.cmake makes OUT/page.S and OUT/complete.
# Without Node, or without a registry from which npm fetches what the page is built with, OUT/page.S has no page, and
# OUT/missing.txt says why in a line. A mistake in the page itself is an error.
file(REMOVE ${OUT}/complete ${OUT}/missing.txt)
file(MAKE_DIRECTORY ${OUT})

function(go_without_page why)
  file(WRITE ${OUT}/missing.txt "The dashboard's page is missing: ${why}; the next build tries again\n")
  configure_file(${CMAKE_CURRENT_FUNCTION_LIST_DIR}/no_page.S ${OUT}/page.S COPYONLY)
endfunction()

find_program(NODE NAMES node nodejs)
find_program(NPM npm)
if(NOT NODE OR NOT NPM)
  go_without_page("Node.js with npm, which builds it, is not installed")
  return()
endif()

# npm writes this file last, and leaves its time if nothing is new.
set(installed ${WEB}/node_modules/.package-lock.json)
if(${WEB}/package-lock.json IS_NEWER_THAN ${installed})
  execute_process(
    COMMAND ${NPM} ci --ignore-scripts --no-audit --no-fund --loglevel=error --prefer-offline
            --fetch-retries=1 --fetch-retry-mintimeout=1000 --fetch-timeout=60000
    WORKING_DIRECTORY ${WEB} OUTPUT_FILE ${OUT}/npm.log ERROR_FILE ${OUT}/npm.log RESULT_VARIABLE failed)
  if(failed)
    go_without_page("npm cannot install what it is built with (${OUT}/npm.log)")
    return()
  endif()
  file(TOUCH ${installed})
endif()
execute_process(COMMAND ${NODE} build.mjs ${OUT}/dist WORKING_DIRECTORY ${WEB} COMMAND_ERROR_IS_FATAL ANY)
execute_process(COMMAND ${NODE} ${CMAKE_CURRENT_LIST_DIR}/embed_page.mjs ${OUT}/dist ${OUT} COMMAND_ERROR_IS_FATAL ANY)
file(TOUCH ${OUT}/complete)
