// The files of page/, as they were when the program was built (cmake/EmbedFiles.cmake).
#pragma once

#include <string_view>

namespace cw::service {

extern const std::string_view kFile_page_html;
extern const std::string_view kFile_page_css;
extern const std::string_view kFile_page_js;
extern const std::string_view kFile_page_svg;

}  // namespace cw::service
