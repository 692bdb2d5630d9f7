#include "catalog/file_parts.h"

#include <algorithm>
#include <cctype>
#include <string_view>

#include "catalog/entry.h"
#include "catalog/expand.h"
#include "catalog/keys.h"
#include "catalog/yaml_tree.h"
#include "wire/json.h"

namespace gridloom::catalog {
namespace {

using Kind = YamlNode::Kind;

// A text that reads the same without quotes wherever it stands.
bool is_simple(std::string_view text) {
  const auto is_inner = [](unsigned char c) {
    return std::isalnum(c) != 0 || std::string_view("_.$+/ -").contains(static_cast<char>(c));
  };
  return !text.empty() && std::ranges::all_of(text, is_inner) && !text.starts_with(' ') &&
         !text.ends_with(' ') && text != "-";
}

void write(const YamlNode& node, std::string& out) {
  std::string_view separator;
  switch (node.kind) {
    case Kind::kNull:
      out += "null";
      break;
    case Kind::kScalar:
      if (node.plain && is_simple(node.text)) {
        out += node.text;
      } else {
        wire::append_quoted(out, node.text);
      }
      break;
    case Kind::kSequence:
      out += '[';
      for (const YamlNode& item : node.items) {
        out += separator;
        write(item, out);
        separator = ", ";
      }
      out += ']';
      break;
    case Kind::kMapping:
      out += '{';
      for (const YamlMember& member : node.members) {
        out += separator;
        if (is_simple(member.key)) {
          out += member.key;
        } else {
          wire::append_quoted(out, member.key);
        }
        out += ": ";
        write(member.value, out);
        separator = ", ";
      }
      out += '}';
      break;
  }
}

std::vector<FilePart> parts_in(const YamlNode& root, std::string_view section) {
  std::vector<FilePart> parts;
  const YamlNode* entries = root.find(section);
  if (entries == nullptr) return parts;
  for (const YamlMember& entry : entries->members) {
    FilePart& part = parts.emplace_back(FilePart{.name = entry.key, .keys = {}});
    for (const YamlMember& key : entry.value.members) {
      std::string value;
      write(key.value, value);
      part.keys.emplace_back(key.key, std::move(value));
    }
  }
  return parts;
}

}  // namespace

Result<FileParts> file_parts(const EmbeddedFile& file) {
  Mistakes mistakes(file.name);
  YamlDocument document = read_yaml(file.text);
  if (!document.mistake.what.empty()) {
    mistakes.add(document.mistake.line, "", document.mistake.what);
    return std::unexpected(mistakes.fault());
  }
  const Entry entry(document.root, "", mistakes, SectionId::kFile);
  expand(document.root, entry);
  if (!mistakes.none()) return std::unexpected(mistakes.fault());
  return FileParts{.fields = parts_in(document.root, "fields"),
                   .commands = parts_in(document.root, "commands")};
}

}  // namespace gridloom::catalog
