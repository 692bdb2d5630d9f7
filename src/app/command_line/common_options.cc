#include "app/command_line/common_options.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <limits>
#include <optional>
#include <system_error>

#include "app/process/language.h"
#include "app/ready_file.h"
#include "base/nearest.h"
#include "base/printable.h"

namespace gridloom::app {
namespace {

template <typename T>
std::optional<T> parsed(const std::string& text) {
  T value{};
  const char* const end = text.data() + text.size();
  const auto [stopped, error] = std::from_chars(text.data(), end, value);
  return error == std::errc{} && stopped == end ? std::optional(value) : std::nullopt;
}

std::string variable_or(std::string_view name, std::string_view otherwise) {
  // NOLINTNEXTLINE(concurrency-mt-unsafe): nothing changes the environment
  const char* const given = std::getenv(std::string(name).c_str());
  return given != nullptr && *given != '\0' ? given : std::string(otherwise);
}

}  // namespace

std::string data_folder_or(std::string_view otherwise) {
  return variable_or(kDataVariable, otherwise);
}

std::string profile_of_environment() { return variable_or(kProfileVariable, ""); }

std::string default_data_folder() { return data_folder_or("data"); }

Option add_data_option(CLI::App& command, std::string& folder) {
  folder = default_data_folder();
  return add_value(command, "--data", folder, placeholder::kFolder,
                   fmt::format("Data folder of the server; its default is {}, where that is set",
                               kDataVariable))
      .show_default();
}

Option add_devices_option(CLI::App& command, std::string& folder) {
  return add_value(command, "--devices", folder, placeholder::kFolder,
                   "Folder with additional device files; by default that of the server on the "
                   "data folder");
}

std::filesystem::path device_files(const std::string& given,
                                   const std::filesystem::path& data_folder) {
  return given.empty() ? devices_of_server(data_folder) : std::filesystem::path(given);
}

Option add_json_option(CLI::App& command, bool& json) {
  return add_flag(command, "--json", json, "Print JSON, one value a line, for programs");
}

Option add_language_option(CLI::App& command) {
  return add_value(command, "--language", chosen_language(), "LANGUAGE",
                   "Language of what it shows, en or de; its default is that of LC_ALL or LANG")
      .check(one_of({catalog::kLanguageTags.begin(), catalog::kLanguageTags.end()}));
}

Option add_ca_option(CLI::App& command, std::string& file) {
  return add_value(command, "--ca,--tls-ca", file, placeholder::kFile,
                   "Use TLS and trust the certificate authority in this PEM file");
}

void add_span_options(CLI::App& command, std::string& from, std::string& to) {
  add_value(command, "--from,--since", from, placeholder::kTime,
            "Start of the span: -7d, -12h, 2026-11-20, \"2026-11-20 14:05\", "
            "2026-11-20T13:05:00Z");
  add_value(command, "--to,--until", to, placeholder::kTime,
            "End of the span, exclusive; written as --from");
}

const std::vector<std::string>& log_levels() {
  static const std::vector<std::string> all = {"trace", "debug", "info", "warn", "error", "off"};
  return all;
}

Check one_of(std::vector<std::string> words) {
  return [words = std::move(words)](const std::string& text) -> std::string {
    if (std::ranges::find(words, text) != words.end()) return {};
    const std::vector<std::string_view> views(words.begin(), words.end());
    return fmt::format("{:?} is not valid: must be {}{}", redacted(text), joined_or(views),
                       did_you_mean(text, views));
  };
}

Check whole_number(std::int64_t least, std::int64_t most) {
  return [least, most](const std::string& text) -> std::string {
    const auto value = parsed<std::int64_t>(text);
    if (value && *value >= least && *value <= most) return {};
    return fmt::format("{:?} is not valid: must be a whole number from {} to {}", redacted(text),
                       least, most);
  };
}

Check number(double least, double most) {
  return [least, most](const std::string& text) -> std::string {
    const auto value = parsed<double>(text);
    if (value && *value >= least && *value <= most) return {};
    return fmt::format("{:?} is not valid: must be a number from {} to {}", redacted(text), least,
                       most);
  };
}

Check not_negative() {
  return [](const std::string& text) -> std::string {
    const auto value = parsed<double>(text);
    if (value && *value >= 0) return {};
    return fmt::format("{:?} is not valid: must be a number, at least 0", redacted(text));
  };
}

}  // namespace gridloom::app
