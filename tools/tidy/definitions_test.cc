// Tests what counts as a declaration of a class and as a line of a function.
#include "tidy/definitions.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace gridloom::tidy {
namespace {

// "class NAME COUNT" and "function NAME LINES", in the order of definitions_of().
std::vector<std::string> sizes_of(const std::string& code) {
  std::vector<std::string> out;
  for (const Definition& definition : definitions_of(Source("src/net/a.cc", code))) {
    const bool is_class = definition.kind == DefinitionKind::kClass;
    out.push_back(
        fmt::format("{} {} {}", is_class ? "class" : "function", definition.name, definition.size));
  }
  return out;
}

struct Sized {
  const char* code;
  std::vector<std::string> sizes;
};

class Definitions : public ::testing::TestWithParam<Sized> {};

TEST_P(Definitions, HaveTheirSizes) {
  EXPECT_EQ(sizes_of(GetParam().code), GetParam().sizes) << GetParam().code;
}

INSTANTIATE_TEST_SUITE_P(
    OfMembers, Definitions,
    ::testing::Values(
        Sized{"struct A {};", {"class A 0"}},
        Sized{"class A;\nstruct B { class C; struct D* d; };", {"class B 1"}},
        Sized{"class A final : public B<C, D>, E { public: int a_; protected: private: };",
              {"class A 1"}},
        Sized{"struct A { int a = 1, b{2}, *c, d[3]; int e : 4; std::map<int, B> f, g = {}; };",
              {"class A 7"}},
        Sized{"struct A { static constexpr std::size_t kB = std::size_t{2} * 3; };", {"class A 1"}},
        Sized{"struct A { std::function<void(int)> a; void (*b)(int) = nullptr; B (&c)[2]; };",
              {"class A 3"}},
        Sized{"struct A { std::function<void()> a = [this] { int b; b = 1; }; };", {"class A 1"}},
        Sized{"struct A { void a(); void a(int) const; int a(B<C> b = {1, 2}) = delete; };",
              {"class A 3"}},
        Sized{"struct A { A(); explicit A(int a); A(const A&) = default; virtual ~A() = 0; };",
              {"class A 4"}},
        Sized{
            "struct A { using B = int; typedef int C; using D::d; template <class T> using E = T; "
            "};",
            {"class A 3"}},
        Sized{"struct A { friend class B; friend bool operator==(const A&, const A&) = default; "
              "static_assert(sizeof(int) > 2); };",
              {"class A 0"}},
        Sized{"struct A { [[nodiscard]] auto a() const -> std::map<int, B>; alignas(64) int b; "
              "decltype(c) d; };",
              {"class A 3"}},
        Sized{"struct A { enum class B : int { kC, kD }; enum { kE } e; };", {"class A 2"}}));

INSTANTIATE_TEST_SUITE_P(
    OfNestedClasses, Definitions,
    ::testing::Values(
        Sized{"struct A { struct B { int c; struct D { int e, f; }; }; B b; };",
              {"class A::B::D 2", "class A::B 2", "class A 2"}},
        Sized{"struct A { struct B { int c; } b, *d; };", {"class A::B 1", "class A 3"}},
        Sized{"struct A { struct { int c; } b; };", {"class A::(unnamed) 1", "class A 1"}},
        Sized{"struct A { union B { int c; float d; }; };", {"class A::B 2", "class A 1"}},
        // The members of an unnamed union are found in the class around it.
        Sized{"struct A { union { int c; float d; }; };", {"class A 2"}},
        Sized{"struct A { class B; };\nclass A::B { int c; int d; };",
              {"class A 0", "class A::B 2"}}));

INSTANTIATE_TEST_SUITE_P(
    OfTemplates, Definitions,
    ::testing::Values(
        Sized{"template <class T, std::size_t N = (1 > 2)> class A { T a; template <class U> void "
              "b(U u); };",
              {"class A 2"}},
        Sized{"template <> struct std::hash<A> { int operator()(int a) const { return a; } };",
              {"function std::hash<A>::operator() 1", "class std::hash<A> 1"}},
        Sized{"template <class T>\n  requires B<T> && (sizeof(T) > 4) || C<T>\nclass A { T a; };",
              {"class A 1"}},
        Sized{"template <class T>\n  requires requires(T t) { t.a(); }\nvoid b(T t) {\n}",
              {"function b 2"}},
        Sized{"template <class T> concept A = requires(T t) { { t.a() } -> B<int>; };", {}},
        Sized{"template <class T>\nvoid A<T>::b() const {\n}", {"function A::b 2"}}));

INSTANTIATE_TEST_SUITE_P(
    OfFunctions, Definitions,
    ::testing::Values(
        Sized{"namespace gridloom::net {\nnamespace {\nint a(int b) noexcept(true) {\n\n  // "
              "Comment.\n  return b;\n}\n}  // namespace\n}",
              {"function net::a 5"}},
        Sized{"void a() {\n  const auto b = [](int c) {\n    return c;\n  };\n  struct D { int "
              "e; };\n}",
              {"function a 6"}},
        Sized{"const auto kA = [] { return 1; }();\nstd::array<int, 2> b{1, 2};\nint c = {3};", {}},
        Sized{"A::A(int b)\n    : B<int>(b), c_{1, 2}, d_([] { return 1; }) {\n}",
              {"function A::A 2"}},
        Sized{"A::~A() {}\nA::B A::c() && { return {}; }\nauto d() -> E<int> {}",
              {"function A::~A 1", "function A::c 1", "function d 1"}},
        Sized{"extern \"C\" int a() {}\nextern \"C\" {\nint b() {}\n}",
              {"function a 1", "function b 1"}},
        Sized{"TEST_F(Zones, KnowSummerTime) {\n}", {"function Zones.KnowSummerTime 2"}},
        Sized{"#define A(b) \\\n  void c() {\n#if D\nvoid e() {\n#else\nvoid e(int) {\n#endif\n}",
              {"function e 5"}},
        Sized{"auto a = R\"x( } )x\";\nvoid b() { c('{', \"{\"); }", {"function b 1"}}));

INSTANTIATE_TEST_SUITE_P(
    OfOperators, Definitions,
    ::testing::Values(
        Sized{"struct A { A& operator=(A&&) = default; auto operator<=>(const A&) const = default; "
              "bool operator()(int) const; int operator[](int); };",
              {"class A 4"}},
        Sized{"struct A { explicit operator bool() const { return true; } operator B<void()>(); "
              "bool operator<(int) const; };",
              {"function A::operator bool 1", "class A 3"}},
        Sized{"bool A::operator<(const A& b) const {}\nstd::ostream& operator<<(B& c, D d) {}",
              {"function A::operator< 1", "function operator<< 1"}}));

TEST(Declarations, AreTheNamesOfNamespacesAndClasses) {
  const Source file("src/net/a.h",
                    "struct A;\n"
                    "class B {\n"
                    " public:\n"
                    "  ~B();\n"
                    "  using Known = int;\n"
                    "  enum class Kind { kOne };\n"
                    "  [[nodiscard]] int f(int argument) const;\n"
                    "  int g() const { return local; }\n"
                    "  bool operator==(const B& other) const;\n"
                    "  friend int h();\n"
                    " private:\n"
                    "  int first_ = 0, second_;\n"
                    "};\n"
                    "int B::f(int argument) const;\n"
                    "constexpr std::array kRows = {1, 2};\n");
  std::vector<std::string> names;
  for (const Declaration& declaration : declarations_of(file)) {
    names.push_back(fmt::format("{} {} {}", static_cast<int>(declaration.kind), declaration.name,
                                file.line_of(declaration.offset)));
  }
  EXPECT_EQ(names,
            std::vector<std::string>({"1 Known 5", "0 Kind 6", "2 f 7", "3 g 8", "4 first_ 12",
                                      "4 second_ 12", "0 B 2", "4 kRows 15"}));
}

}  // namespace
}  // namespace gridloom::tidy
