// JSON types as data. OpenAPI, AsyncAPI and TypeScript are made of them, and each C++ type that a
// body may have for a member has one, kType<T>:
//
//   bool, integers, floating point, std::string, std::string_view
//   std::nullptr_t                always null
//   an enum with Words<E>         one of its words, by name_of()
//   WordOf<W>                     a text that is one of W::kWords
//   wire::Json, RawJson           any value; RawObject: any object
//   std::vector<T>, std::span<T>  a list
//   std::tuple<T...>              a list of this length; optional ones at its end may be missing
//   std::variant<T...>            one of these
//   Map<K, T>                     an object whose members are named by K
//   OrNull<T>                     null where there is no value
//   std::optional<T>              of a member: left out where there is no value
//   a struct with describe()      an object (api/schema/body.h)
//   a tag with kName and Type     the same as Type, under a name
//
// Constant data; any thread.
#pragma once

#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "wire/json.h"

namespace gridloom::api::schema {

struct Body;
// The description of a struct: &body_of<T>.
using BodyOf = const Body& (*)();

// Names the type T in a call of describe(), which is declared in the namespace of T:
// `const schema::Body& describe(schema::Of<T>)`.
template <typename T>
struct Of {};

template <typename T>
concept Described = requires { describe(Of<T>{}); };

// Does not compile for a type that has no description.
template <Described T>
const Body& body_of() {
  return describe(Of<T>{});
}

// The words of an enum: specialised with `kName`, the name of the type, and `kValues`, before the
// description of a body that has it.
template <typename E>
struct Words {};

// W has `kName`, which is empty if the words need no type of their own, and `kWords`.
template <typename W>
struct WordOf {
  std::string_view word;
};

template <typename T>
struct OrNull {
  std::optional<T> value{};
};

template <typename K, typename T>
struct Map {
  std::vector<std::pair<K, T>> members{};
};

// JSON text, written as it is.
struct RawJson {
  std::string_view text;
};
struct RawObject {
  std::string_view text;
};

enum class TypeKind : std::uint8_t {
  kAny,
  kObject,  // any object
  kNull,
  kBool,
  kInteger,
  kNumber,
  kText,
  kConstant,
  kWords,
  kList,
  kTuple,
  kUnion,
  kMap,
  kBody
};

struct Type {
  TypeKind kind = TypeKind::kAny;
  bool or_null = false;
  std::string_view name{};  // of words, tuples and unions that have one; of a constant its text
  std::vector<std::string_view> (*words)() = nullptr;
  BodyOf body = nullptr;
  // List: of its elements. Map: of its names and its values. Tuple: of each place. Union: of each
  // alternative.
  std::span<const Type* const> inner{};
  std::size_t least = 0;  // elements that a tuple has at least
};

template <typename T>
struct TypeOf;
template <typename T>
inline constexpr Type kType = TypeOf<T>::make();
template <typename... T>
inline constexpr std::array<const Type*, sizeof...(T)> kTypes = {&kType<T>...};

template <typename T>
concept EnumWithWords = std::is_enum_v<T> && requires { Words<T>::kValues; };

template <typename T>
concept StringOrView = std::same_as<T, std::string> || std::same_as<T, std::string_view>;

template <typename E>
std::vector<std::string_view> words_of_enum() {
  std::vector<std::string_view> words;
  words.reserve(Words<E>::kValues.size());
  for (const E value : Words<E>::kValues) words.push_back(name_of(value));
  return words;
}

template <typename W>
std::vector<std::string_view> words_of_tag() {
  return {W::kWords.begin(), W::kWords.end()};
}

template <typename T>
struct TypeOf {
  static consteval Type make() {
    if constexpr (std::same_as<T, bool>) {
      return {.kind = TypeKind::kBool};
    } else if constexpr (std::integral<T>) {
      return {.kind = TypeKind::kInteger};
    } else if constexpr (std::floating_point<T>) {
      return {.kind = TypeKind::kNumber};
    } else if constexpr (StringOrView<T>) {
      return {.kind = TypeKind::kText};
    } else if constexpr (std::same_as<T, std::nullptr_t>) {
      return {.kind = TypeKind::kNull};
    } else if constexpr (std::same_as<T, wire::Json> || std::same_as<T, RawJson>) {
      return {.kind = TypeKind::kAny};
    } else if constexpr (std::same_as<T, RawObject>) {
      return {.kind = TypeKind::kObject};
    } else if constexpr (EnumWithWords<T>) {
      return {.kind = TypeKind::kWords, .name = Words<T>::kName, .words = &words_of_enum<T>};
    } else if constexpr (Described<T>) {
      return {.kind = TypeKind::kBody, .body = &body_of<T>};
    } else {
      Type type = kType<typename T::Type>;
      type.name = T::kName;
      return type;
    }
  }
};

template <typename W>
struct TypeOf<WordOf<W>> {
  static consteval Type make() {
    return {.kind = TypeKind::kWords, .name = W::kName, .words = &words_of_tag<W>};
  }
};

template <typename T>
struct TypeOf<OrNull<T>> {
  static consteval Type make() {
    Type type = kType<T>;
    type.or_null = true;
    return type;
  }
};

template <typename T>
struct TypeOf<std::optional<T>> {
  static consteval Type make() { return kType<T>; }
};

template <typename T>
struct TypeOf<std::vector<T>> {
  static consteval Type make() { return {.kind = TypeKind::kList, .inner = kTypes<T>}; }
};

template <typename T>
struct TypeOf<std::span<T>> {
  static consteval Type make() { return kType<std::vector<std::remove_const_t<T>>>; }
};

template <typename K, typename T>
struct TypeOf<Map<K, T>> {
  static consteval Type make() { return {.kind = TypeKind::kMap, .inner = kTypes<K, T>}; }
};

template <typename T>
inline constexpr bool kIsOptional = false;
template <typename T>
inline constexpr bool kIsOptional<std::optional<T>> = true;

template <typename... T>
struct TypeOf<std::tuple<T...>> {
  static consteval Type make() {
    return {.kind = TypeKind::kTuple,
            .inner = kTypes<T...>,
            .least = (std::size_t{0} + ... + (kIsOptional<T> ? 0U : 1U))};
  }
};

template <typename... T>
struct TypeOf<std::variant<T...>> {
  static consteval Type make() { return {.kind = TypeKind::kUnion, .inner = kTypes<T...>}; }
};

}  // namespace gridloom::api::schema
