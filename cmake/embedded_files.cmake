# devices/*.yaml, devices/de/*.yaml, devices/products/*.yaml and homes/*.yaml go into the binary as they are, each folder with one generated
# assembler file (.incbin costs no compile time).

# gl_embedded(PATH): the library gl_FOLDER with the tables gl_FOLDER_table and gl_FOLDER_count; FOLDER is the path with _
# for /. See src/core/catalog/embedded.cc.
function(gl_embedded path)
  string(REPLACE "/" "_" folder ${path})
  file(GLOB files CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/${path}/*.yaml)
  set(rows "")
  set(data "")
  set(index 0)
  foreach(file IN LISTS files)
    get_filename_component(name ${file} NAME)
    set(label gl_${folder}_${index})
    string(APPEND data "${label}:\n  .incbin \"${file}\"\n${label}_end:\n  .byte 0\n${label}_name:\n  .asciz \"${name}\"\n")
    string(APPEND rows "  .quad ${label}_name, ${label}, ${label}_end - ${label}\n")
    math(EXPR index "${index} + 1")
  endforeach()
  set(assembly ${CMAKE_BINARY_DIR}/${folder}.S)
  file(GENERATE OUTPUT ${assembly} CONTENT
"  .section .rodata\n${data}
  .section .data.rel.ro,\"aw\"
  .balign 8
  .globl gl_${folder}_table
gl_${folder}_table:
${rows}
  .globl gl_${folder}_count
gl_${folder}_count:
  .quad ${index}
  .section .note.GNU-stack,\"\",@progbits
")
  set_source_files_properties(${assembly} PROPERTIES OBJECT_DEPENDS "${files}")
  add_library(gl_${folder} STATIC ${assembly})
  set_target_properties(gl_${folder} PROPERTIES LINKER_LANGUAGE CXX)
endfunction()

gl_embedded(devices)
gl_embedded(devices/de)
gl_embedded(devices/products)
gl_embedded(homes)
