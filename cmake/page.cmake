# The dashboard's page (web/) goes into the binary: Node builds it, and one assembler file embeds its files. Without Node,
# or with -DGL_PAGE=OFF, the binary has none, and says at / how to get one.
option(GL_PAGE "Build the dashboard's page, if Node.js is there" ON)
set(GL_PAGE_SOURCE ${CMAKE_BINARY_DIR}/page/page.S)
find_program(GL_NODE NAMES node nodejs)
find_program(GL_NPM npm)

if(GL_PAGE AND GL_NODE AND GL_NPM AND EXISTS ${CMAKE_SOURCE_DIR}/web/build.mjs)
  set(web ${CMAKE_SOURCE_DIR}/web)
  # The page's folders have no folders, and what lies deeper in node_modules is none of its files.
  set(kinds ts tsx css html mjs svg)
  set(patterns "")
  foreach(kind IN LISTS kinds)
    list(APPEND patterns ${web}/*.${kind} ${web}/*/*.${kind})
  endforeach()
  file(GLOB inputs CONFIGURE_DEPENDS ${patterns})
  list(FILTER inputs EXCLUDE REGEX "/(node_modules|dist|test)/")
  # npm writes this file last.
  set(installed ${web}/node_modules/.package-lock.json)
  add_custom_command(OUTPUT ${installed}
    COMMAND ${GL_NPM} ci --ignore-scripts --no-audit --no-fund --loglevel=error
    COMMAND ${CMAKE_COMMAND} -E touch ${installed}
    DEPENDS ${web}/package.json ${web}/package-lock.json
    WORKING_DIRECTORY ${web}
    COMMENT "Installing what the page is built with" VERBATIM)
  add_custom_command(OUTPUT ${GL_PAGE_SOURCE}
    COMMAND ${GL_NODE} build.mjs ${CMAKE_BINARY_DIR}/page/dist
    COMMAND ${GL_NODE} ${CMAKE_SOURCE_DIR}/cmake/embed_page.mjs ${CMAKE_BINARY_DIR}/page/dist ${CMAKE_BINARY_DIR}/page
    DEPENDS ${inputs} ${installed} ${CMAKE_SOURCE_DIR}/cmake/embed_page.mjs
    WORKING_DIRECTORY ${web}
    COMMENT "Building the dashboard's page" VERBATIM)
else()
  message(STATUS "The dashboard's page is not built: it needs node, npm and web/")
  file(GENERATE OUTPUT ${GL_PAGE_SOURCE} CONTENT
"  .section .rodata
  .balign 8
  .globl gl_page_table
gl_page_table:
  .globl gl_page_count
gl_page_count:
  .quad 0
  .section .note.GNU-stack,\"\",@progbits
")
endif()
add_library(gl_page STATIC ${GL_PAGE_SOURCE})
set_target_properties(gl_page PROPERTIES LINKER_LANGUAGE CXX)
