#include "service/operator_answer.h"

#include "service/desk.h"
#include "service/json_reader.h"
#include "store/providers.h"

namespace cw::service {

namespace {

using nlohmann::json;
using nlohmann::ordered_json;

int status_of(const Error& error) {
  switch (error.kind()) {
    case ErrorKind::usage:
      return error.cause() == kNotThere ? 404 : error.cause() == kConflict ? 409 : 400;
    case ErrorKind::policy:
      return error.cause() == store::kNotManaged ? 403 : 422;
    case ErrorKind::script:
    case ErrorKind::budget:
      return 422;
    case ErrorKind::store:
      return 503;
    default:
      return 500;
  }
}

}  // namespace

net::ServerAnswer json_answer(int status, const ordered_json& value) {
  net::ServerAnswer out;
  out.status = status;
  out.headers = {{"Content-Type", "application/json"},
                 {"Cache-Control", "no-store"},
                 {"X-Content-Type-Options", "nosniff"},
                 {"Cross-Origin-Resource-Policy", "same-origin"}};
  out.body = value.dump(-1, ' ', false, ordered_json::error_handler_t::replace) + "\n";
  return out;
}

net::ServerAnswer error_answer(int status, const std::string& kind, const std::string& message) {
  return json_answer(status, {{"error", {{"kind", kind}, {"message", message}}}});
}

net::ServerAnswer error_answer(const Error& error) {
  return error_answer(status_of(error), std::string(name_of(error.kind())), error.message());
}

Error error_in(int status, const std::string& body) {
  const std::string unknown = "the service answered with status " + std::to_string(status);
  try {
    const json error = read_json(body, {}).at("error");
    const std::string kind = error.at("kind").get<std::string>();
    for (int i = 0; i <= static_cast<int>(ErrorKind::internal); ++i) {
      const auto each = static_cast<ErrorKind>(i);
      if (name_of(each) == kind) return {each, error.at("message").get<std::string>()};
    }
    return {ErrorKind::http, unknown + ": " + error.at("message").get<std::string>()};
  } catch (const json::exception&) {
  } catch (const Error&) {
  }
  return {ErrorKind::http, unknown + " and no word why; is this address the operator door of a service?"};
}

}  // namespace cw::service
