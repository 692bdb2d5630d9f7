#include "app/command_line/new_file.h"

#include <fmt/format.h>

#include <fstream>
#include <ios>
#include <ostream>

namespace gridloom::app {

Status write_new_file(const std::filesystem::path& file, std::string_view text) {
  std::ofstream out(file, std::ios::binary | std::ios::noreplace);
  out << text << std::flush;
  if (out) return {};
  return fail(ErrorCode::kIo,
              fmt::format("{} exists already, or cannot be written", file.string()));
}

}  // namespace gridloom::app
