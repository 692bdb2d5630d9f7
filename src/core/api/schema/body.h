// The one description of a JSON body: the members of an object, each with its name, type and
// meaning, bound to a member of a C++ struct. From it come the writer (here), the schemas of
// OpenAPI and AsyncAPI (api/schema/json_schema.h) and the page's types (api/schema/typescript.h).
//
//   struct Point { double x_m = 0; std::optional<std::string_view> label{}; };
//   const schema::Body& describe(schema::Of<Point>);   // in a header, in the namespace of Point
//
//   const schema::Body& describe(schema::Of<Point> /*of*/) {
//     static constexpr std::array kMembers = {
//         schema::member<&Point::x_m>("x", {.text = "Distance from the gate", .unit = "m"}),
//         schema::member<&Point::label>("label", {.text = "Absent: it has none"})};
//     static constexpr schema::Body kBody{.name = "Point", .members = kMembers};
//     return kBody;
//   }
//
// A body that something else reads or writes (a request, a text that is streamed) is a tag without
// members, described by schema::declared<T>(NAME); tests compare what is written with it.
//
// Constant data; any thread.
#pragma once

#include <algorithm>
#include <array>
#include <charconv>
#include <concepts>
#include <cstddef>
#include <optional>
#include <ranges>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "api/schema/type.h"
#include "wire/json.h"

namespace gridloom::api::schema {

// Facts about a member that its type does not have.
struct Facts {
  std::string_view text{};  // what it means, and when it is absent or null
  std::string_view unit{};
  std::size_t min_length = 0;  // characters of a text
};

struct Member {
  std::string_view name;
  Type type;
  Facts facts{};
  bool is_required = true;
  // Appends the member of `body`, which is of the struct that is described, unless it is left out.
  // `before` is what stands in front of it, and of the next. Null: another text is written.
  void (*write)(std::string& out, const Member& self, const void* body, char& before) = nullptr;
};

struct Body {
  std::string_view name;  // of the schema, and of the page's type
  std::string_view text{};
  std::span<const Member> members{};
  bool is_open = false;        // has members that are not described
  bool or_list = false;        // may be a list as well, of anything
  std::string_view example{};  // JSON text
};

void append_body(std::string& out, const Body& description, const void* body,
                 std::size_t first_member = 0);

template <typename T>
void append_value(std::string& out, const T& value) {
  if constexpr (std::same_as<T, bool>) {
    out += value ? "true" : "false";
  } else if constexpr (std::integral<T>) {
    std::array<char, 24> digits{};
    out.append(digits.data(),
               std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr);
  } else if constexpr (std::floating_point<T>) {
    wire::append_text(out, wire::Json(value));
  } else if constexpr (StringOrView<T>) {
    wire::append_quoted(out, value);
  } else if constexpr (std::same_as<T, std::nullptr_t>) {
    out += "null";
  } else if constexpr (std::same_as<T, wire::Json>) {
    wire::append_text(out, value);
  } else if constexpr (std::same_as<T, RawJson> || std::same_as<T, RawObject>) {
    out += value.text;
  } else if constexpr (EnumWithWords<T>) {
    wire::append_quoted(out, name_of(value));
  } else {
    append_body(out, body_of<T>(), &value);
  }
}

template <typename W>
void append_value(std::string& out, const WordOf<W>& value) {
  wire::append_quoted(out, value.word);
}

template <typename T>
void append_value(std::string& out, const OrNull<T>& value) {
  if (value.value) {
    append_value(out, *value.value);
  } else {
    out += "null";
  }
}

template <typename T>
void append_value(std::string& out, const std::vector<T>& values) {
  char before = '[';
  for (const T& value : values) {
    out += std::exchange(before, ',');
    append_value(out, value);
  }
  out += before == '[' ? "[]" : "]";
}

template <typename K, typename T>
void append_value(std::string& out, const Map<K, T>& map) {
  char before = '{';
  for (const auto& [name, value] : map.members) {
    out += std::exchange(before, ',');
    append_value(out, name);
    out += ':';
    append_value(out, value);
  }
  out += before == '{' ? "{}" : "}";
}

template <typename T>
[[nodiscard]] std::string to_text(const T& body) {
  std::string out;
  append_value(out, body);
  return out;
}

// The members of a body from the one at `first` on, without braces.
template <typename T>
[[nodiscard]] std::string members_text(const T& body, std::size_t first) {
  std::string out;
  append_body(out, body_of<T>(), &body, first);
  return out.substr(1, out.size() - 2);
}

template <auto kMember>
struct MemberOf;
template <typename B, typename T, T B::* kMember>
struct MemberOf<kMember> {
  using Owner = B;
  using Value = T;
};

template <typename B, auto kMember>
void write_member(std::string& out, const Member& self, const void* body, char& before) {
  const auto& value = static_cast<const B*>(body)->*kMember;
  constexpr bool kMayBeAbsent = kIsOptional<typename MemberOf<kMember>::Value>;
  if constexpr (kMayBeAbsent) {
    if (!value) return;
  }
  out += std::exchange(before, ',');
  wire::append_quoted(out, self.name);
  out += ':';
  if constexpr (kMayBeAbsent) {
    append_value(out, *value);
  } else {
    append_value(out, value);
  }
}

// A member of the struct B, which may have it from its base.
template <auto kMember, typename B = typename MemberOf<kMember>::Owner>
consteval Member member(std::string_view name, const Facts& facts = {}) {
  using Value = typename MemberOf<kMember>::Value;
  return {.name = name,
          .type = kType<Value>,
          .facts = facts,
          .is_required = !kIsOptional<Value>,
          .write = &write_member<B, kMember>};
}

template <typename T>
consteval Member declared(std::string_view name, const Facts& facts = {}) {
  return {.name = name, .type = kType<T>, .facts = facts, .is_required = !kIsOptional<T>};
}

void write_constant(std::string& out, const Member& self, const void* body, char& before);

// A member that always has this text; no struct needs it.
consteval Member constant(std::string_view name, std::string_view text) {
  return {
      .name = name, .type = {.kind = TypeKind::kConstant, .name = text}, .write = &write_constant};
}

// The members of both.
template <std::size_t kFirst, std::size_t kSecond>
consteval std::array<Member, kFirst + kSecond> joined(const std::array<Member, kFirst>& first,
                                                      const std::array<Member, kSecond>& second) {
  std::array<Member, kFirst + kSecond> all{};
  std::ranges::copy(first, all.begin());
  std::ranges::copy(second, all.begin() + kFirst);
  return all;
}

}  // namespace gridloom::api::schema
