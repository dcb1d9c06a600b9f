// What a flow gives as results, and nothing else of its run: for commands that print them in a form of their own.
#pragma once

#include <vector>

#include <nlohmann/json.hpp>

#include "app/table.h"
#include "engine/observer.h"

namespace cw::app {

class Results : public engine::Observer {
 public:
  void noted(const host::Note& note) override {
    if (note.kind != host::Note::Kind::output) return;
    const auto value = nlohmann::ordered_json::parse(note.text);
    if (note.name == "table") {
      tables_.push_back(Table::parse(value));
    } else {
      values_[value.at("name").get<std::string>()] = value.at("value");
    }
  }

  const std::vector<Table>& tables() const { return tables_; }
  /// Name of each result -> its value.
  const nlohmann::ordered_json& values() const { return values_; }

 private:
  std::vector<Table> tables_;
  nlohmann::ordered_json values_ = nlohmann::ordered_json::object();
};

}  // namespace cw::app
