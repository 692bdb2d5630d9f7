#include "tidy/tree.h"

#include <algorithm>
#include <array>
#include <fstream>
#include <iterator>
#include <utility>

namespace gridloom::tidy {
namespace {

constexpr std::size_t kMaxBytes = std::size_t{2} * 1024 * 1024;
constexpr std::array<std::string_view, 4> kSkippedAnywhere = {".git", "node_modules", "__pycache__",
                                                              ".cache"};
constexpr std::array<std::string_view, 2> kSkippedAtRoot = {"build", "data"};

bool is_skipped(const std::filesystem::path& relative) {
  const std::string name = relative.filename().string();
  if (std::ranges::find(kSkippedAnywhere, name) != kSkippedAnywhere.end()) return true;
  return !relative.has_parent_path() &&
         std::ranges::find(kSkippedAtRoot, name) != kSkippedAtRoot.end();
}

std::string read(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

}  // namespace

Tree::Tree(std::vector<Source> files) : files_(std::move(files)) {
  std::ranges::sort(files_, {}, &Source::path);
  for (const Source& file : files_) add_name(file.path());
}

Tree Tree::load(const std::filesystem::path& root) {
  std::vector<Source> files;
  std::vector<std::string> others;
  auto at = std::filesystem::recursive_directory_iterator(root);
  for (; at != std::filesystem::recursive_directory_iterator(); ++at) {
    const std::filesystem::path relative = at->path().lexically_relative(root);
    if (at->is_directory()) {
      if (is_skipped(relative)) at.disable_recursion_pending();
      continue;
    }
    if (!at->is_regular_file()) continue;
    std::string text = at->file_size() <= kMaxBytes ? read(at->path()) : std::string(1, '\0');
    if (text.contains('\0')) {
      others.push_back(relative.generic_string());
    } else {
      files.emplace_back(relative.generic_string(), std::move(text));
    }
  }
  Tree tree(std::move(files));
  for (const std::string& path : others) tree.add_name(path);
  return tree;
}

void Tree::add_name(const std::string& path) {
  names_.insert(path);
  for (std::size_t slash = path.find('/'); slash != std::string::npos;
       slash = path.find('/', slash + 1)) {
    names_.insert(path.substr(0, slash));
  }
}

const Source* Tree::find(std::string_view path) const {
  const auto at = std::ranges::lower_bound(files_, path, {}, &Source::path);
  return at != files_.end() && at->path() == path ? &*at : nullptr;
}

bool Tree::has(std::string_view path) const {
  if (path.ends_with('/')) path.remove_suffix(1);
  return names_.contains(path);
}

std::set<std::string> Tree::folders(std::string_view folder) const {
  const std::string prefix = folder.empty() ? "" : std::string(folder) + "/";
  std::set<std::string> out;
  for (const Source& file : files_) {
    if (!file.path().starts_with(prefix)) continue;
    const std::size_t slash = file.path().find('/', prefix.size());
    if (slash != std::string::npos)
      out.insert(file.path().substr(prefix.size(), slash - prefix.size()));
  }
  return out;
}

}  // namespace gridloom::tidy
