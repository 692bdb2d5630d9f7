#include "app/process/program_name.h"

#include <filesystem>
#include <system_error>

namespace gridloom::app {

std::string program_name() {
  std::error_code error;
  const std::filesystem::path path = std::filesystem::read_symlink("/proc/self/exe", error);
  const bool is_installed =
      error || path.parent_path() == "/usr/bin" || path.parent_path() == "/usr/local/bin";
  if (is_installed) return "gridloom";
  const std::filesystem::path here = std::filesystem::current_path(error);
  const std::filesystem::path near = path.lexically_relative(here);
  return near.empty() || near.string().starts_with("..") ? path.string() : near.string();
}

}  // namespace gridloom::app
