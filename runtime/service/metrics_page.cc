#include <cstdio>

#include "metrics_page_private.h"

namespace cw::service {

namespace {

std::string escaped(const std::string& text) {
  std::string out;
  for (const char c : text) {
    if (c == '\n') {
      out += "\\n";
    } else if (c == '\\' || c == '"') {
      out += std::string("\\") + c;
    } else {
      out.push_back(c);
    }
  }
  return out;
}

}  // namespace

std::string number_text(double value) {
  char text[40] = "";
  std::snprintf(text, sizeof text, "%.6g", value);
  return text;
}

void MetricsPage::begin(const std::string& name, const char* type, const char* help) {
  name_ = "cardwright_" + name;
  text += "# HELP " + name_ + " " + help + "\n# TYPE " + name_ + " " + type + "\n";
}

void MetricsPage::put(const char* part, const Labels& labels, const std::string& value) {
  text += name_ + part;
  for (size_t i = 0; i < labels.size(); ++i) {
    text += (i == 0 ? "{" : ",") + labels[i].first + "=\"" + escaped(labels[i].second) + "\"";
  }
  text += (labels.empty() ? " " : "} ") + value + "\n";
}

}  // namespace cw::service
