// What embed_page.mjs makes of a page without files.
  .section .rodata
  .balign 8
  .globl gl_page_table
gl_page_table:
  .globl gl_page_count
gl_page_count:
  .quad 0
  .section .note.GNU-stack,"",@progbits
