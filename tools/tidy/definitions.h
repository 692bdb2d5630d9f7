// The classes and functions that a C++ file defines, with their sizes.
//
// The size of a class is the number of names that its body declares: methods (each overload is
// one), data members, nested types that are defined there, and aliases. Friends, access labels,
// forward declarations, using-declarations and what the compiler adds do not count; the members of
// an unnamed union do, because their names are the class's. The size of a function is the number of
// lines of its body, from brace to brace; its lambdas and local classes are part of it and have no
// entry of their own. Universal Ctags counts in the same way, but takes a lambda in an initializer
// for a member, and misses a member whose initializer has braces before an operator.
//
// This is not a compiler: macros are not expanded, and only the first branch of an #if is read.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "tidy/source.h"

namespace gridloom::tidy {

enum class DefinitionKind : std::uint8_t { kClass, kFunction };

struct Definition {
  DefinitionKind kind = DefinitionKind::kClass;
  // With its namespaces, but without `gridloom::`: "wire::mqtt::Session", "net::IoLoop::run". A
  // test is called "time::Zones.KnowSummerTime".
  std::string name;
  std::size_t offset = 0;  // of the first word of the definition, in the file
  std::size_t size = 0;    // declarations or lines
};

// In the order in which they end.
[[nodiscard]] std::vector<Definition> definitions_of(const Source& file);

// kInline: a function with its body.
enum class DeclarationKind : std::uint8_t { kType, kAlias, kFunction, kInline, kVariable };

// A name that a namespace or class declares. Forward declarations, friends, operators, destructors
// and members that are defined outside of their class are none.
struct Declaration {
  DeclarationKind kind = DeclarationKind::kType;
  std::string name;        // without namespaces and classes
  std::size_t offset = 0;  // of the first word of the declaration, in the file
};

[[nodiscard]] std::vector<Declaration> declarations_of(const Source& file);

}  // namespace gridloom::tidy
