# As a script (cmake -P): writes a C++ source that holds the bytes of files.
#
#   cmake -D OUTPUT=out.cc -D HEADER=service/operator_page.h -D FILES=a.html;b.css -P EmbedFiles.cmake
#
# Each file a.html becomes `const std::string_view kFile_a_html` in cw::service.
set(text "// Written by cmake/EmbedFiles.cmake.\n#include \"${HEADER}\"\n\nnamespace cw::service {\n")
foreach(file IN LISTS FILES)
  get_filename_component(name ${file} NAME)
  string(MAKE_C_IDENTIFIER "${name}" name)
  file(READ ${file} hex HEX)
  string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${hex}")
  string(REGEX REPLACE "(0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,)" "\\1\n" bytes
         "${bytes}")
  string(APPEND text "\nstatic const unsigned char bytes_${name}[] = {\n${bytes}\n};\n"
         "const std::string_view kFile_${name}{reinterpret_cast<const char*>(bytes_${name}), sizeof bytes_${name}};\n")
endforeach()
file(WRITE ${OUTPUT} "${text}\n}  // namespace cw::service\n")
