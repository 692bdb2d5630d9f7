# devices/*.yaml go into the binary as they are, with one generated assembler file (.incbin costs no compile time).
file(GLOB GL_DEVICE_FILES CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/devices/*.yaml)
set(rows "")
set(data "")
set(index 0)
foreach(file IN LISTS GL_DEVICE_FILES)
  get_filename_component(name ${file} NAME)
  string(APPEND data "gl_device_${index}:\n  .incbin \"${file}\"\ngl_device_${index}_end:\n  .byte 0\ngl_device_${index}_name:\n  .asciz \"${name}\"\n")
  string(APPEND rows "  .quad gl_device_${index}_name, gl_device_${index}, gl_device_${index}_end - gl_device_${index}\n")
  math(EXPR index "${index} + 1")
endforeach()
file(GENERATE OUTPUT ${CMAKE_BINARY_DIR}/devices.S CONTENT
"  .section .rodata\n${data}
  .section .data.rel.ro,\"aw\"
  .balign 8
  .globl gl_device_table
gl_device_table:
${rows}
  .globl gl_device_count
gl_device_count:
  .quad ${index}
  .section .note.GNU-stack,\"\",@progbits
")
set_source_files_properties(${CMAKE_BINARY_DIR}/devices.S PROPERTIES OBJECT_DEPENDS "${GL_DEVICE_FILES}")
add_library(gl_devices STATIC ${CMAKE_BINARY_DIR}/devices.S)
set_target_properties(gl_devices PROPERTIES LINKER_LANGUAGE CXX)
