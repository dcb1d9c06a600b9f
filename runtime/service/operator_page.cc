#include "service/operator_page.h"

#include <algorithm>
#include <array>

#include "page_files_private.h"

namespace cw::service {

namespace {

struct PageFile {
  std::string_view path;
  const char* type;
  const std::string_view* bytes;
};

constexpr std::array kFiles = {
    PageFile{"/", "text/html; charset=utf-8", &kFile_page_html},
    PageFile{"/page.css", "text/css; charset=utf-8", &kFile_page_css},
    PageFile{"/page.js", "text/javascript; charset=utf-8", &kFile_page_js},
    PageFile{"/page.svg", "image/svg+xml", &kFile_page_svg},
};

/// Its own files and the door's answers; no script in the page, and no text that becomes markup.
constexpr const char* kContentPolicy =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'";

const PageFile* find_file(std::string_view target) {
  const std::string_view path = target.substr(0, target.find('?'));
  const auto* file =
      std::find_if(kFiles.begin(), kFiles.end(), [&](const PageFile& each) { return each.path == path; });
  return file == kFiles.end() ? nullptr : file;
}

/// Of "host:port", "[::1]:port" or either without a port.
std::string_view host_of(std::string_view authority) {
  if (authority.starts_with('[')) return authority.substr(0, std::min(authority.find(']'), authority.size() - 1) + 1);
  return authority.substr(0, authority.find(':'));
}

}  // namespace

std::optional<net::ServerAnswer> page_answer(std::string_view method, std::string_view target) {
  const PageFile* file = find_file(target);
  if (file == nullptr) return {};
  net::ServerAnswer out;
  if (method != "GET" && method != "HEAD") {
    out.status = 405;
    out.headers = {{"Allow", "GET"}, {"Content-Type", "text/plain; charset=utf-8"}};
    out.body = "this is a page, and is only read\n";
    return out;
  }
  out.headers = {{"Content-Type", file->type},
                 {"Cache-Control", "no-store"},
                 {"Content-Security-Policy", kContentPolicy},
                 {"X-Content-Type-Options", "nosniff"},
                 {"Referrer-Policy", "no-referrer"},
                 {"Cross-Origin-Opener-Policy", "same-origin"},
                 {"Cross-Origin-Resource-Policy", "same-origin"}};
  out.body = *file->bytes;
  return out;
}

std::string foreign(const net::ServerRequest& request, bool here) {
  const std::string_view host = request.header("host");
  if (here) {
    // A name that somebody else's DNS leads to this machine is not ours.
    const std::string_view name = host_of(host);
    if (name != "localhost" && name != "127.0.0.1" && name != "[::1]") {
      return "the request is for another host; over a port of this machine, call the door localhost";
    }
  }
  // Links from elsewhere may lead to the page, and to nothing else.
  if (find_file(request.target) != nullptr && (request.method == "GET" || request.method == "HEAD")) return {};
  const std::string_view site = request.header("sec-fetch-site");
  const std::string_view origin = request.header("origin");
  const bool same_site = site.empty() || site == "same-origin" || site == "none";
  const bool same_origin =
      origin.empty() || origin == "https://" + std::string(host) || (here && origin == "http://" + std::string(host));
  if (same_site && same_origin) return {};
  return "a page from elsewhere made the browser send this; use the page of this door";
}

}  // namespace cw::service
