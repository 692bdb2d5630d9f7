// Compares JSON values with the descriptions of bodies. Test-only.
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <ranges>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "api/schema/body.h"
#include "wire/json.h"

namespace gridloom::api::schema {

// Collects how a value differs from a description, with the path of each difference.
class Differences {
 public:
  void check(const wire::Json& value, const Body& body, const std::string& path) {
    if (body.or_list && value.is_array()) return;
    const wire::JsonObject* object = value.if_object();
    if (object == nullptr) return add(path, "is no object");
    for (const Member& member : body.members) {
      const std::string at = fmt::format("{}.{}", path, member.name);
      const wire::Json* given = object->if_contains(member.name);
      if (given != nullptr) {
        check(*given, member.type, at);
      } else if (member.is_required) {
        add(at, "is missing");
      }
    }
    if (body.is_open) return;
    for (const auto& [name, given] : *object) {
      const bool is_known = std::ranges::any_of(
          body.members, [&name](const Member& member) { return member.name == name; });
      if (!is_known) {
        add(fmt::format("{}.{}", path, std::string_view(name)), "is not described");
      }
    }
  }

  void check(const wire::Json& value, const Type& type, const std::string& path) {
    if (type.or_null && value.is_null()) return;
    switch (type.kind) {
      case TypeKind::kAny:
        return;
      case TypeKind::kObject:
        return expect(value.is_object(), path, "is no object");
      case TypeKind::kNull:
        return expect(value.is_null(), path, "is not null");
      case TypeKind::kBool:
        return expect(value.is_bool(), path, "is neither true nor false");
      case TypeKind::kInteger:
        return expect(wire::is_whole(value), path, "is no integer");
      case TypeKind::kNumber:
        return expect(value.is_number(), path, "is no number");
      case TypeKind::kText:
        return expect(value.is_string(), path, "is no text");
      case TypeKind::kConstant:
        return expect(value == wire::Json(type.name), path, "is another text");
      case TypeKind::kWords: {
        const std::vector<std::string_view> words = type.words();
        const bool is_word =
            value.is_string() && std::ranges::find(words, value.get_string()) != words.end();
        return expect(is_word, path, "is none of the words");
      }
      case TypeKind::kList:
        return check_list(value, type, path);
      case TypeKind::kTuple:
        return check_tuple(value, type, path);
      case TypeKind::kUnion:
        return check_union(value, type, path);
      case TypeKind::kMap:
        return check_map(value, type, path);
      case TypeKind::kBody:
        return check(value, type.body(), path);
    }
  }

  [[nodiscard]] std::vector<std::string> take() { return std::move(found_); }

 private:
  void add(std::string_view path, std::string_view what) {
    found_.push_back(fmt::format("{} {}", path, what));
  }
  void expect(bool is_good, std::string_view path, std::string_view what) {
    if (!is_good) add(path, what);
  }
  void check_list(const wire::Json& value, const Type& type, const std::string& path) {
    if (!value.is_array()) return add(path, "is no list");
    for (const wire::Json& each : value.get_array()) {
      check(each, *type.inner.front(), path + "[]");
    }
  }
  void check_tuple(const wire::Json& value, const Type& type, const std::string& path) {
    const wire::JsonArray* list = value.if_array();
    if (list == nullptr || list->size() < type.least || list->size() > type.inner.size()) {
      return add(path, "is no list of this length");
    }
    for (std::size_t i = 0; i < list->size(); ++i) {
      check((*list)[i], *type.inner[i], fmt::format("{}[{}]", path, i));
    }
  }
  void check_union(const wire::Json& value, const Type& type, const std::string& path) {
    const bool is_one = std::ranges::any_of(type.inner, [&](const Type* each) {
      Differences from_each;
      from_each.check(value, *each, path);
      return from_each.take().empty();
    });
    expect(is_one, path, "is none of the alternatives");
  }
  void check_map(const wire::Json& value, const Type& type, const std::string& path) {
    if (!value.is_object()) return add(path, "is no object");
    for (const auto& [name, inner] : value.get_object()) {
      check(wire::Json(name), *type.inner.front(), path + " (a name)");
      check(inner, *type.inner.back(), fmt::format("{}.{}", path, std::string_view(name)));
    }
  }

  std::vector<std::string> found_;
};

[[nodiscard]] inline std::vector<std::string> differences(const wire::Json& value,
                                                          const Body& body) {
  Differences found;
  found.check(value, body, std::string(body.name));
  return found.take();
}

// The names of those bodies from which the value does not differ, separated by spaces.
[[nodiscard]] inline std::string matching(const wire::Json& value, std::span<const BodyOf> bodies) {
  std::string names;
  for (const BodyOf body : bodies) {
    if (!differences(value, body()).empty()) continue;
    if (!names.empty()) names += ' ';
    names += body().name;
  }
  return names;
}

}  // namespace gridloom::api::schema
