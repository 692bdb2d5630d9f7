// The tree that is checked: every text file of the project, and the names of all other files.
//
// Generated folders (build, node_modules, a local data folder) are not part of the tree. Tests
// build a tree from strings; only load() accesses the disk.
#pragma once

#include <filesystem>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "tidy/source.h"

namespace gridloom::tidy {

class Tree {
 public:
  explicit Tree(std::vector<Source> files);
  // Only the names of files that are too large or not text are kept.
  [[nodiscard]] static Tree load(const std::filesystem::path& root);

  [[nodiscard]] const std::vector<Source>& files() const { return files_; }
  // nullptr: no such file.
  [[nodiscard]] const Source* find(std::string_view path) const;
  // Whether a file or folder exists; a folder may end in a slash.
  [[nodiscard]] bool has(std::string_view path) const;
  // The folders directly below `folder` ("" is the root), without slashes.
  [[nodiscard]] std::set<std::string> folders(std::string_view folder) const;

 private:
  void add_name(const std::string& path);

  std::vector<Source> files_;  // sorted by path
  std::set<std::string, std::less<>> names_;
};

}  // namespace gridloom::tidy
