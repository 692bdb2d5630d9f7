// YAML text as a tree that remembers lines. The only place that knows the YAML library, which
// throws, accepts a key twice, and guesses types; none of that gets past here.
//
// Every node carries its line. A mapping keeps its members in order, duplicates included: whoever
// walks it reports them with their path. Aliases (*name) are refused: a device file says things
// once, in full, and an alias may make a small file a huge tree.
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
  std::string text;                 // of a scalar
  std::vector<YamlMember> members;  // of a mapping
  std::vector<YamlNode> items;      // of a sequence

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

// One document; `mistake.what` is empty if it could be read.
struct YamlDocument {
  YamlNode root;
  YamlMistake mistake;
};
[[nodiscard]] YamlDocument read_yaml(std::string_view text, const YamlLimits& limits = {});

}  // namespace gridloom::catalog
