#include "api/schema/typescript.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <functional>
#include <set>
#include <utility>
#include <vector>

#include "api/schema/json_schema.h"

namespace gridloom::api::schema {
namespace {

constexpr std::size_t kColumns = 100;

std::string quoted(std::string_view word) { return fmt::format("'{}'", word); }

// A comment of one line, or of as many as it needs.
std::string comment(std::string_view text, std::string_view indent) {
  if (text.empty()) return {};
  std::string line = fmt::format("{}/** {}. */\n", indent, text);
  if (line.size() <= kColumns + 1) return line;
  std::string lines = fmt::format("{}/**\n", indent);
  const std::string begin = fmt::format("{} *", indent);
  line = begin;
  for (std::size_t from = 0; from < text.size();) {
    const std::size_t end = std::min(text.find(' ', from), text.size());
    const std::string_view word = text.substr(from, end - from);
    if (line.size() + 1 + word.size() >= kColumns) lines += std::exchange(line, begin) + '\n';
    line.append(1, ' ').append(word);
    from = end + 1;
  }
  return lines + line + ".\n" + std::string(indent) + " */\n";
}

std::string alias(std::string_view name, const std::vector<std::string>& alternatives) {
  std::string line = fmt::format("export type {} = {};\n", name, fmt::join(alternatives, " | "));
  if (line.size() <= kColumns + 1) return line;
  return fmt::format("export type {} =\n  | {};\n", name, fmt::join(alternatives, "\n  | "));
}

class Types {
 public:
  void add(const Body& body);
  void add_union(std::string_view name, const std::vector<std::string>& alternatives) {
    out_ += '\n' + alias(name, alternatives);
  }
  [[nodiscard]] std::string take() { return std::move(out_); }

 private:
  [[nodiscard]] static std::vector<std::string> alternatives(const Type& type);
  [[nodiscard]] static std::string form(const Type& type);
  [[nodiscard]] static std::string element(const Type& type);
  [[nodiscard]] static std::string tuple(const Type& type);
  // The type's name, or else its form.
  [[nodiscard]] static std::string text(const Type& type);
  // Adds what the type names.
  void add_named(const Type& type);

  std::set<std::string_view> known_;
  std::string out_;
};

bool is_named(const Type& type) {
  return !type.name.empty() && type.kind != TypeKind::kConstant && type.kind != TypeKind::kBody;
}

std::vector<std::string> Types::alternatives(const Type& type) {
  std::vector<std::string> all;
  if (type.kind == TypeKind::kWords) {
    for (const std::string_view word : type.words()) all.push_back(quoted(word));
  } else if (type.kind == TypeKind::kUnion) {
    for (const Type* each : type.inner) all.push_back(text(*each));
  } else {
    all.push_back(form(type));
  }
  return all;
}

// In a list; a union needs brackets there.
std::string Types::element(const Type& type) {
  const bool is_union = !is_named(type) && alternatives(type).size() > 1;
  return is_union || type.or_null ? fmt::format("({})", text(type)) : text(type);
}

std::string Types::tuple(const Type& type) {
  std::vector<std::string> places;
  places.reserve(type.inner.size());
  for (std::size_t i = 0; i < type.inner.size(); ++i) {
    places.push_back(i < type.least ? text(*type.inner[i]) : element(*type.inner[i]) + '?');
  }
  return fmt::format("[{}]", fmt::join(places, ", "));
}

std::string Types::form(const Type& type) {
  switch (type.kind) {
    case TypeKind::kAny:
      return "unknown";
    case TypeKind::kObject:
      return "Record<string, unknown>";
    case TypeKind::kNull:
      return "null";
    case TypeKind::kBool:
      return "boolean";
    case TypeKind::kInteger:
    case TypeKind::kNumber:
      return "number";
    case TypeKind::kText:
      return "string";
    case TypeKind::kConstant:
      return quoted(type.name);
    case TypeKind::kWords:
    case TypeKind::kUnion:
      return fmt::format("{}", fmt::join(alternatives(type), " | "));
    case TypeKind::kList:
      return element(*type.inner.front()) + "[]";
    case TypeKind::kTuple:
      return tuple(type);
    case TypeKind::kMap: {
      const std::string record =
          fmt::format("Record<{}, {}>", text(*type.inner.front()), text(*type.inner.back()));
      return type.inner.front()->kind == TypeKind::kWords ? fmt::format("Partial<{}>", record)
                                                          : record;
    }
    case TypeKind::kBody:
      return std::string(type.body().name);
  }
  std::unreachable();
}

std::string Types::text(const Type& type) {
  std::string written = is_named(type) ? std::string(type.name) : form(type);
  return type.or_null ? written + " | null" : written;
}

void Types::add_named(const Type& type) {
  if (type.kind == TypeKind::kBody) add(type.body());
  for (const Type* each : type.inner) add_named(*each);
  if (is_named(type) && known_.insert(type.name).second) {
    add_union(type.name, alternatives(type));
  }
}

void Types::add(const Body& body) {
  if (!known_.insert(body.name).second) return;
  for (const Member& member : body.members) add_named(member.type);
  out_ += '\n' + comment(body.text, "");
  if (body.members.empty()) {
    std::vector<std::string> all{"Record<string, unknown>"};
    if (body.or_list) all.emplace_back("unknown[]");
    out_ += alias(body.name, all);
    return;
  }
  out_ += fmt::format("export interface {} {{\n", body.name);
  for (const Member& member : body.members) {
    out_ += comment(description_of(member.facts), "  ");
    out_ +=
        fmt::format("  {}{}: {};\n", member.name, member.is_required ? "" : "?", text(member.type));
  }
  out_ += "}\n";
}

}  // namespace

std::string typescript(std::span<const BodyOf> bodies, std::span<const Union> unions) {
  Types types;
  for (const BodyOf body : bodies) types.add(body());
  for (const Union& each : unions) {
    std::vector<std::string> names;
    for (const BodyOf body : each.bodies) {
      types.add(body());
      names.emplace_back(body().name);
    }
    types.add_union(each.name, names);
  }
  return types.take();
}

}  // namespace gridloom::api::schema
