#include "app/command_line/config_file.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstddef>
#include <istream>
#include <memory>
#include <sstream>
#include <utility>
#include <vector>

#include "app/command_line/command_help.h"
#include "base/nearest.h"
#include "base/printable.h"
#include "base/read_file.h"

namespace gridloom::app {
namespace {

constexpr std::size_t kMaxConfig = 1'048'576;  // bytes
constexpr std::string_view kSection = "serve";

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kBlank = " \t\r";
  const std::size_t from = text.find_first_not_of(kBlank);
  if (from == std::string_view::npos) return {};
  return text.substr(from, text.find_last_not_of(kBlank) - from + 1);
}

// A line that gives a key.
struct Line {
  std::size_t number = 0;  // from 1
  std::string_view text;   // without blanks around it
  std::string_view key;    // "log-level"
  std::string_view value{};
  bool has_value = false;  // false: it has no '='
};

std::string_view key_in(std::string_view text) {
  text = trimmed(text);
  if (text.size() > 1 && (text.front() == '"' || text.front() == '\'')) {
    text = text.substr(1, text.size() - 2);
  }
  const bool has_section =
      text.starts_with(kSection) && text.substr(kSection.size()).starts_with('.');
  return has_section ? text.substr(kSection.size() + 1) : text;
}

// A # in quotes begins no comment.
std::string_view without_comment(std::string_view text) {
  char quote = '\0';
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char letter = text[i];
    if (quote != '\0') {
      if (letter == quote) quote = '\0';
    } else if (letter == '"' || letter == '\'') {
      quote = letter;
    } else if (letter == '#') {
      return trimmed(text.substr(0, i));
    }
  }
  return trimmed(text);
}

// The lines of the file that are neither empty nor comments, headings, or the rest of a list.
template <typename OnLine>
void each_line(std::string_view text, OnLine on_line) {
  bool is_in_list = false;
  for (std::size_t number = 1; !text.empty(); ++number) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = trimmed(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
    if (is_in_list) {
      is_in_list = !without_comment(line).ends_with(']');
      continue;
    }
    if (line.empty() || line.starts_with('#') || line.starts_with(';')) continue;
    const std::size_t equals = line.find('=');
    if (equals == std::string_view::npos) {
      on_line(Line{.number = number, .text = line, .key = key_in(without_comment(line))});
      continue;
    }
    const std::string_view value = without_comment(line.substr(equals + 1));
    on_line(Line{.number = number,
                 .text = line,
                 .key = key_in(line.substr(0, equals)),
                 .value = value,
                 .has_value = true});
    is_in_list = value.starts_with('[') && !value.ends_with(']');
  }
}

// The options that may stand in the file, by their keys.
const CLI::Option* option_of(const CLI::App& serve, std::string_view key) {
  if (key == "help" || key == "config") return nullptr;
  const CLI::Option* option = serve.get_option_no_throw("--" + std::string(key));
  return option == nullptr || option->get_group().empty() ? nullptr : option;
}

std::string unknown_key(const CLI::App& serve, std::string_view key) {
  std::vector<std::string> keys;
  for (const CLI::Option* each : serve.get_options()) {
    if (!each->nonpositional() || each->get_group().empty()) continue;
    std::string name = shown_name(*each).substr(2);
    if (option_of(serve, name) != nullptr) keys.push_back(std::move(name));
  }
  const std::string meant = did_you_mean(key, {keys.begin(), keys.end()});
  return fmt::format("\"{}\" is no option of serve{} `gridloom serve --help` lists them",
                     redacted(key), meant.empty() ? ";" : meant);
}

// The mistake in a line; empty: there is none.
std::string mistake_in(const CLI::App& serve, const Line& line) {
  if (!line.has_value && line.text.starts_with('[')) {
    const std::string_view name = key_in(line.text.substr(1, line.text.find_last_of(']') - 1));
    if (name == kSection || name == "default") return {};
    return fmt::format("there is no section {}: all keys are options of serve",
                       redacted(line.text));
  }
  const CLI::Option* option = option_of(serve, line.key);
  const bool is_switch = option != nullptr && option->get_items_expected_max() == 0;
  if (!line.has_value && !is_switch) {
    return fmt::format("\"{}\" is not KEY = VALUE, such as http = \"127.0.0.1:8080\"",
                       redacted(line.text));
  }
  if (option == nullptr) return unknown_key(serve, line.key);
  if (line.value != "[") return {};
  return fmt::format("a list begins on the line of its key: {} = [\"...\",", line.key);
}

std::string config_path(const CLI::App& root) {
  const CLI::Option* option = root.get_config_ptr();
  return option == nullptr || option->count() == 0 ? std::string() : option->results().back();
}

// The format of the file: options without a section.
class FlatConfig final : public CLI::ConfigTOML {
 public:
  explicit FlatConfig(const CLI::App& root) : root_(root) {}

 private:
  std::vector<CLI::ConfigItem> from_config(std::istream& in) const override {
    std::string text(kMaxConfig + 1, '\0');
    in.read(text.data(), static_cast<std::streamsize>(text.size()));
    text.resize(static_cast<std::size_t>(in.gcount()));
    if (in.bad()) throw CLI::FileError("--config: the file cannot be read; it may be a folder");
    if (text.size() > kMaxConfig) {
      throw CLI::FileError(fmt::format("--config: more than {} bytes", kMaxConfig));
    }
    check(text);
    std::istringstream lines(std::move(text));
    std::vector<CLI::ConfigItem> items = CLI::ConfigTOML::from_config(lines);
    for (CLI::ConfigItem& item : items) {
      if (item.parents.empty()) item.parents = {std::string(kSection)};
      if (item.name == "limit") item.name = kLimitsOfFile;
    }
    return items;
  }

  void check(std::string_view text) const {
    const CLI::App& serve = *root_.get_subcommand(std::string(kSection));
    each_line(text, [&](const Line& line) {
      const std::string mistake = mistake_in(serve, line);
      if (mistake.empty()) return;
      throw CLI::FileError(fmt::format("{}:{}: {}", config_path(root_), line.number, mistake));
    });
  }

  const CLI::App& root_;
};

}  // namespace

void accept_config_file(CLI::App& root) {
  root.config_formatter(std::make_shared<FlatConfig>(root));
  root.allow_config_extras(CLI::config_extras_mode::error);
  root.set_config("--config", "",
                  "Configuration file with options of serve, one a line: http = \"127.0.0.1:8080\"")
      ->type_name(placeholder::kFile);
}

std::string place_in_config(const CLI::App& root, std::span<const std::string> words,
                            std::string_view option) {
  const bool is_typed = std::ranges::any_of(words, [&](const std::string& word) {
    return word == option || word.starts_with(std::string(option) + '=');
  });
  const std::string path = config_path(root);
  if (is_typed || path.empty() || !option.starts_with("--")) return {};
  const auto text = read_file(path, kMaxConfig);
  if (!text) return {};
  std::string place;
  each_line(*text, [&](const Line& line) {
    if (line.key == option.substr(2)) place = fmt::format("{}:{}: ", path, line.number);
  });
  return place;
}

}  // namespace gridloom::app
