// Parses YAML text into a tree with line numbers. Only this file uses the YAML library, which
// accepts duplicate keys; what a type is it leaves to its callers.
//
// Every node has its line. A mapping keeps its members in order, duplicates included: the code that
// walks the tree reports them with their path. An alias (*name) is a copy of what it stands for,
// and counts with all its nodes: else a small file could expand into a huge tree.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace gridloom::catalog {

struct YamlMember;

struct YamlNode {
  enum class Kind : std::uint8_t { kNull, kScalar, kSequence, kMapping };
  Kind kind = Kind::kNull;
  bool plain = true;  // a scalar without quotes
  int line = 1;
  std::string text;                 // scalars only
  std::vector<YamlMember> members;  // mappings only
  std::vector<YamlNode> items;      // sequences only

  [[nodiscard]] const YamlNode* find(std::string_view key) const;  // nullptr if absent
};

struct YamlMember {
  std::string key;
  int line = 1;
  YamlNode value;
};

struct YamlLimits {
  std::size_t bytes = std::size_t{1024} * 1024;
  std::size_t depth = 24;
  std::size_t nodes = 100000;
};

struct YamlMistake {
  int line = 1;
  std::string what;
};

// One YAML document; `mistake.what` is empty if it was parsed successfully.
struct YamlDocument {
  YamlNode root;
  YamlMistake mistake;
};
[[nodiscard]] YamlDocument read_yaml(std::string_view text, const YamlLimits& limits = {});

}  // namespace gridloom::catalog
