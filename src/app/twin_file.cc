#include "app/twin_file.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <charconv>
#include <fstream>
#include <string>
#include <string_view>
#include <system_error>

#include "registry/files.h"

namespace gridloom::app {
namespace {

constexpr std::string_view kFormat = "gridloom twins 1";

std::filesystem::path path_in(const std::filesystem::path& data) { return data / "twins"; }

}  // namespace

Status write_twins(const std::filesystem::path& data, const std::vector<hub::SavedTwin>& twins) {
  std::string text = fmt::format("{}\n", kFormat);
  for (const hub::SavedTwin& twin : twins) {
    fmt::format_to(std::back_inserter(text), "{} {} {}\n", twin.sn, twin.number, twin.text);
  }
  std::error_code ignored;
  std::filesystem::remove(path_in(data), ignored);
  return registry::write_private_file(path_in(data), text);
}

std::vector<hub::SavedTwin> take_twins(const std::filesystem::path& data) {
  std::vector<hub::SavedTwin> twins;
  std::ifstream file(path_in(data));
  std::string line;
  if (!std::getline(file, line)) return twins;
  std::size_t unreadable = line == kFormat ? 0 : 1;
  while (unreadable == 0 && std::getline(file, line)) {
    hub::SavedTwin twin;
    const std::size_t first = line.find(' ');
    const std::size_t second = first == std::string::npos ? first : line.find(' ', first + 1);
    if (second == std::string::npos) {
      ++unreadable;
      break;
    }
    twin.sn = line.substr(0, first);
    std::from_chars(line.data() + first + 1, line.data() + second, twin.number);
    twin.text = line.substr(second + 1);
    twins.push_back(std::move(twin));
  }
  if (unreadable != 0) spdlog::error("{} is not as it should be", path_in(data).string());
  std::error_code ignored;
  std::filesystem::remove(path_in(data), ignored);
  return twins;
}

}  // namespace gridloom::app
