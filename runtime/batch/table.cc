#include "batch/table.h"

#include <algorithm>
#include <map>
#include <set>

#include "base/error.h"
#include "base/files.h"
#include "base/suggest.h"
#include "batch/csv.h"

namespace cw::batch {

using engine::ArgumentSpec;
using engine::ArgumentType;
using engine::Setting;

namespace {

constexpr size_t kFileLimit = 64u << 20;

const ArgumentSpec* find_argument(const engine::Flow& flow, const std::string& name) {
  const auto found =
      std::find_if(flow.args.begin(), flow.args.end(), [&](const ArgumentSpec& spec) { return spec.name == name; });
  return found == flow.args.end() ? nullptr : &*found;
}

std::vector<std::string> names_of(const engine::Flow& flow) {
  std::vector<std::string> names;
  for (const ArgumentSpec& spec : flow.args) names.push_back(spec.name);
  return names;
}

bool can_name_rows(const ArgumentSpec& spec) {
  return spec.type == ArgumentType::string || spec.type == ArgumentType::bytes || spec.type == ArgumentType::aid ||
         spec.type == ArgumentType::integer;
}

bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; }

engine::Arguments copy_of(const engine::Arguments& arguments) {
  engine::Arguments out;
  out.values = arguments.values;
  for (const auto& [name, secret] : arguments.secrets) out.secrets.emplace(name, secret.clone());
  return out;
}

/// Memory of a file that may hold secrets.
struct Wiped {
  Bytes bytes{};
  ~Wiped() { wipe(bytes); }
};

}  // namespace

class TableReader {
 public:
  explicit TableReader(TableSetup setup) : setup_(std::move(setup)), flow_(*setup_.flow) {}

  Table read() {
    const Wiped text{read_file(setup_.file, kFileLimit)};
    CsvReader reader(text.bytes, name());
    CsvRecord record;
    if (!reader.next(record)) fail("is empty; its first line names the columns");
    take_header(record);
    check_common();
    while (reader.next(record)) {
      if (++count_ > Table::kRowLimit) fail("has more than " + std::to_string(Table::kRowLimit) + " rows; split it");
      take_row(record);
    }
    if (count_ == 0) fail("has a line of column names and no rows");
    return std::move(table_);
  }

 private:
  struct Column {
    std::string name{};
    const ArgumentSpec* spec = nullptr;  // null: names the rows, and is no argument
  };

  std::string name() const { return setup_.file.string(); }
  [[noreturn]] void fail(const std::string& what) const { throw Error(ErrorKind::usage, name() + ": " + what); }

  void take_header(const CsvRecord& record) {
    const std::string where = "line " + std::to_string(record.line) + ": ";
    for (const CsvField& field : record.fields) {
      Column column{to_string(field.text)};
      for (const Column& other : columns_) {
        if (other.name == column.name) fail(where + "column '" + column.name + "' is there twice");
      }
      column.spec = find_argument(flow_, column.name);
      if (column.spec == nullptr && column.name != setup_.key_column) fail(where + unknown(record, column.name));
      columns_.push_back(std::move(column));
    }
    for (size_t i = 0; i < columns_.size(); ++i) {
      const Column& column = columns_[i];
      const bool wanted = setup_.key_column ? column.name == *setup_.key_column
                                            : key_ == kNone && column.spec != nullptr && can_name_rows(*column.spec);
      if (wanted) key_ = i;
    }
    check_key(where);
    table_.key_column_ = columns_[key_].name;
  }

  std::string unknown(const CsvRecord& record, const std::string& column) const {
    if (record.fields.size() == 1 && column.find(';') != std::string::npos) {
      return "its columns are separated by ';', and must be by ','; save it as CSV with commas";
    }
    return "column '" + column + "' is no argument of flow " + flow_.name + did_you_mean(column, names_of(flow_)) +
           "; see them with: cardwright flow info " + flow_.name;
  }

  void check_key(const std::string& where) const {
    if (key_ == kNone && setup_.key_column) {
      std::vector<std::string> names;
      for (const Column& column : columns_) names.push_back(column.name);
      fail(where + "no column '" + *setup_.key_column + "', which --key names" +
           did_you_mean(*setup_.key_column, names));
    }
    if (key_ == kNone) {
      fail(where + "no column can name the rows in the results; add one of any name, and say --key NAME");
    }
    if (columns_[key_].spec != nullptr && columns_[key_].spec->type == ArgumentType::secret) {
      fail(where + "column '" + columns_[key_].name +
           "' is secret and cannot name the rows in the results; add another");
    }
  }

  /// What is the same for all rows is checked once; of the flow's arguments the columns are left out there.
  void check_common() {
    for (const Setting& setting : setup_.common) {
      const auto same = [&](const Column& column) { return column.spec != nullptr && column.name == setting.name; };
      if (std::any_of(columns_.begin(), columns_.end(), same)) {
        fail("argument " + setting.name + " is a column and is given with --set too; leave one out");
      }
      if (find_argument(flow_, setting.name) == nullptr) {
        throw Error(ErrorKind::usage, "flow " + flow_.name + " has no argument '" + setting.name + "'" +
                                          did_you_mean(setting.name, names_of(flow_)) +
                                          "; see them with: cardwright flow info " + flow_.name);
      }
    }
    engine::Flow rest = flow_;
    std::erase_if(rest.args, [&](const ArgumentSpec& spec) {
      return std::any_of(columns_.begin(), columns_.end(), [&](const Column& each) { return each.name == spec.name; });
    });
    for (const ArgumentSpec& spec : rest.args) {
      const auto given = [&](const Setting& setting) { return setting.name == spec.name; };
      if (spec.optional || std::any_of(setup_.common.begin(), setup_.common.end(), given)) continue;
      fail("argument " + spec.name + " of flow " + flow_.name +
           " has no column, and is not given for all rows with --set " + spec.name +
           (spec.type == ArgumentType::secret ? "=@FILE" : "=VALUE"));
    }
    table_.common_ = engine::Arguments::check(rest, std::move(setup_.common));
    check_keys(table_.common_.values, true);
    row_flow_ = flow_;
    std::erase_if(row_flow_.args, [&](const ArgumentSpec& spec) {
      return spec.type == ArgumentType::cap || find_argument(rest, spec.name) != nullptr;
    });
  }

  void take_row(CsvRecord& record) {
    Row row;
    row.line = record.line;
    try {
      fill(row, record);
      table_.rows_.push_back(std::move(row));
    } catch (const Error& error) {
      if (error.kind() == ErrorKind::internal) throw;
      if (++table_.bad_count_ <= Table::kBadRowsKept) table_.bad_rows_.push_back({record.line, error.message()});
    }
  }

  void fill(Row& row, CsvRecord& record) {
    if (record.fields.size() != columns_.size()) {
      throw Error(ErrorKind::usage, "has " + std::to_string(record.fields.size()) + " fields, and the header has " +
                                        std::to_string(columns_.size()) +
                                        "; a comma inside a field needs quotes around the field");
    }
    row.key = to_string(record.fields[key_].text);
    check_name(row);
    std::vector<Setting> settings;
    std::vector<std::pair<const ArgumentSpec*, std::string>> caps;
    for (size_t i = 0; i < columns_.size(); ++i) {
      const ArgumentSpec* spec = columns_[i].spec;
      CsvField& field = record.fields[i];
      if (spec == nullptr) continue;
      if (field.text.empty() && !field.quoted) {
        if (!spec->optional)
          throw Error(ErrorKind::usage, "argument " + spec->name + ": is empty, and the flow needs it");
        continue;
      }
      if (spec->type == ArgumentType::secret) {
        settings.push_back({spec->name, Secret::take(std::move(field.text))});
      } else if (spec->type == ArgumentType::cap) {
        caps.emplace_back(spec, to_string(field.text));
      } else {
        settings.push_back({spec->name, to_string(field.text)});
      }
    }
    row.arguments = engine::Arguments::check(row_flow_, std::move(settings));
    for (const auto& [spec, path] : caps) row.arguments.values[spec->name] = cap(*spec, path);
    for (const ArgumentSpec& spec : flow_.args) {
      if (spec.type == ArgumentType::cap && spec.preset && !row.arguments.values.contains(spec.name) &&
          !table_.common_.values.contains(spec.name)) {
        row.arguments.values[spec.name] = cap(spec, *spec.preset);
      }
    }
    check_keys(row.arguments.values, false);
  }

  void check_name(const Row& row) {
    const std::string& column = columns_[key_].name;
    if (row.key.empty()) throw Error(ErrorKind::usage, "column " + column + " is empty, and names the row");
    if (row.key.size() > Table::kKeyLimit || std::any_of(row.key.begin(), row.key.end(), is_control)) {
      throw Error(ErrorKind::usage, "column " + column + " names the row: at most " + std::to_string(Table::kKeyLimit) +
                                        " bytes, without control characters");
    }
    const auto [other, fresh] = lines_.emplace(row.key, row.line);
    if (!fresh) {
      throw Error(ErrorKind::usage, "column " + column + " has '" + row.key + "', as line " +
                                        std::to_string(other->second) +
                                        " has; it names the row, so it must be there once");
    }
  }

  /// One file is read once, however many rows name it.
  engine::ArgumentValue cap(const ArgumentSpec& spec, const std::string& path) {
    auto found = caps_.find(path);
    if (found == caps_.end()) {
      engine::Flow only;
      only.name = flow_.name;
      only.args = {spec};
      std::vector<Setting> setting;
      setting.push_back({spec.name, Setting::FromFile{path}});
      found = caps_.emplace(path, engine::Arguments::check(only, std::move(setting)).values.at(spec.name)).first;
    }
    return found->second;
  }

  /// A key set that is missing is found here, and not at the first card. `fixed`: also those that no argument names.
  void check_keys(const std::map<std::string, engine::ArgumentValue>& values, bool fixed) {
    for (const std::string& needed : flow_.needs_keys) {
      std::string set = needed;
      if (needed.starts_with('$')) {
        const auto value = values.find(needed.substr(1));
        if (value == values.end() || !std::holds_alternative<std::string>(value->second)) continue;
        set = std::get<std::string>(value->second);
      } else if (!fixed) {
        continue;
      }
      if (known_sets_.contains(set)) continue;
      for (const auto& store : setup_.key_stores) store->find(set);
      known_sets_.insert(set);
    }
  }

  static constexpr size_t kNone = static_cast<size_t>(-1);

  TableSetup setup_;
  const engine::Flow& flow_;
  engine::Flow row_flow_{};  // what a row is checked against
  std::vector<Column> columns_{};
  size_t key_ = kNone;
  size_t count_ = 0;
  std::map<std::string, size_t> lines_{};  // row key -> line
  std::map<std::string, engine::ArgumentValue> caps_{};
  std::set<std::string> known_sets_{};
  Table table_{};
};

Table Table::load(TableSetup setup) { return TableReader(std::move(setup)).read(); }

engine::Arguments Table::arguments(const Row& row) const {
  engine::Arguments out = copy_of(common_);
  engine::Arguments own = copy_of(row.arguments);
  out.values.merge(own.values);
  out.secrets.merge(own.secrets);
  return out;
}

}  // namespace cw::batch
