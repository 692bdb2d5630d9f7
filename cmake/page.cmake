# The dashboard's page (web/) goes into the binary: Node builds it, and one assembler file embeds its files. A source
# archive carries that file (web/built, see tools/package) and needs no Node. Where the page cannot be built, or with
# -DGL_PAGE=OFF, the binary has none, and says at / how to get one; page/missing.txt says why, and the next build tries
# again.
option(GL_PAGE "Build the dashboard's page" ON)
set(web ${CMAKE_SOURCE_DIR}/web)
set(page ${CMAKE_BINARY_DIR}/page)

if(GL_PAGE AND EXISTS ${web}/built/page.S)
  set(page ${web}/built)
elseif(GL_PAGE)
  # The page's folders have no folders, and what lies deeper in node_modules is none of its files.
  set(kinds ts tsx css html mjs svg)
  set(patterns "")
  foreach(kind IN LISTS kinds)
    list(APPEND patterns ${web}/*.${kind} ${web}/*/*.${kind})
  endforeach()
  file(GLOB inputs CONFIGURE_DEPENDS ${patterns})
  list(FILTER inputs EXCLUDE REGEX "/(node_modules|dist|test)/")
  # Without a page there is no page/complete, so ninja runs the command again.
  add_custom_command(OUTPUT ${page}/page.S ${page}/complete
    COMMAND ${CMAKE_COMMAND} -D WEB=${web} -D OUT=${page} -P ${CMAKE_SOURCE_DIR}/cmake/build_page.cmake
    DEPENDS ${inputs} ${web}/package.json ${web}/package-lock.json ${CMAKE_SOURCE_DIR}/cmake/build_page.cmake
            ${CMAKE_SOURCE_DIR}/cmake/embed_page.mjs ${CMAKE_SOURCE_DIR}/cmake/no_page.S
    COMMENT "Building the dashboard's page" VERBATIM)
else()
  configure_file(cmake/no_page.S ${page}/page.S COPYONLY)
endif()
add_library(gl_page STATIC ${page}/page.S)
target_include_directories(gl_page PRIVATE ${page})  # what it embeds is in page/files
set_target_properties(gl_page PROPERTIES LINKER_LANGUAGE CXX)
