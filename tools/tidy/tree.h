// The tree under check: every text file of the project, and the names of all the others.
//
// Generated folders (build, node_modules, a local data folder) are not part of it. A test makes a
// tree of strings; nothing but load() touches the disk.
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
  // Files that are too large or not text count by their names only.
  [[nodiscard]] static Tree load(const std::filesystem::path& root);

  [[nodiscard]] const std::vector<Source>& files() const { return files_; }
  // nullptr when there is none.
  [[nodiscard]] const Source* find(std::string_view path) const;
  // A file or a folder; a folder may end in a slash.
  [[nodiscard]] bool has(std::string_view path) const;
  // The folders right under `folder` ("" is the root), without slashes.
  [[nodiscard]] std::set<std::string> folders(std::string_view folder) const;

 private:
  void add_name(const std::string& path);

  std::vector<Source> files_;  // sorted by path
  std::set<std::string, std::less<>> names_;
};

}  // namespace gridloom::tidy
