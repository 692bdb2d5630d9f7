// Tests that a report of a known form allocates nothing. The counted operator new is that of the
// whole program, and ThreadSanitizer lets nobody replace its own.
#if !__has_feature(thread_sanitizer)
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstddef>
#include <cstdlib>
#include <new>
#include <string>
#include <string_view>
#include <vector>

#include "twin/test_family.h"
#include "twin/twin.h"

namespace {

std::size_t allocations = 0;

void* allocated(std::size_t size) {
  ++allocations;
  return std::malloc(size == 0 ? 1 : size);
}

}  // namespace

void* operator new(std::size_t size) {
  if (void* const memory = allocated(size)) return memory;
  throw std::bad_alloc();
}
void* operator new(std::size_t size, const std::nothrow_t& /*tag*/) noexcept {
  return allocated(size);
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t /*size*/) noexcept { std::free(memory); }
void operator delete(void* memory, const std::nothrow_t& /*tag*/) noexcept { std::free(memory); }

namespace gridloom::twin {
namespace {

// Two reports of each form that differ in values of the same lengths.
struct Reports {
  std::string_view what;
  const LayoutPtr& layout;
  std::string_view first;
  std::string_view second;
};

TEST(Allocations, AReportOfAKnownFormAllocatesNothing) {
  const Reports rows[] = {
      {"flat", flat_layout(),
       R"({"id":1,"typeCode":"pdStatus","params":{"state":"on","soc":50,"cells":[1,2,3]}})",
       R"({"id":2,"typeCode":"pdStatus","params":{"state":"of","soc":51,"cells":[1,2,4]}})"},
      {"flat, undeclared", flat_layout(),
       R"({"typeCode":"pdStatus","params":{"anUndeclaredQuota":1,"anotherUndeclaredQuota":[2]}})",
       R"({"typeCode":"pdStatus","params":{"anUndeclaredQuota":3,"anotherUndeclaredQuota":[4]}})"},
      {"nested", nested_layout(),
       R"({"typeCode":"all","params":{"phase":{"vol":230.1,"amp":1.25},"top":1,"tree":{"a":5}}})",
       R"({"typeCode":"all","params":{"phase":{"vol":231.2,"amp":1.35},"top":2,"tree":{"a":6}}})"},
      {"nested, also flat", nested_layout(),
       R"({"typeCode":"all","params":{"phase.vol":230.1,"phase":{"vol":230.1,"amp":1.25}}})",
       R"({"typeCode":"all","params":{"phase.vol":231.2,"phase":{"vol":231.2,"amp":1.35}}})"},
      {"a module", nested_layout(),
       R"({"typeCode":"pack","packSn":"A1B2C3D4E5F6A7B8","params":{"soc":5,"cfg":{"on":1}}})",
       R"({"typeCode":"pack","packSn":"A1B2C3D4E5F6A7B8","params":{"soc":6,"cfg":{"on":0}}})"},
  };
  for (const Reports& row : rows) {
    Twin twin(row.layout);
    ReportReader reader;
    std::vector<AcceptedValue> taken;
    for (const std::string_view report : {row.first, row.second, row.first}) {
      ASSERT_TRUE(twin.apply(report, reader, &taken)) << row.what;
    }
    const std::size_t before = allocations;
    const auto applied = twin.apply(row.second, reader, &taken);
    const std::size_t after = allocations;
    ASSERT_TRUE(applied) << row.what;
    EXPECT_GE(applied->changed, 2U) << row.what;
    EXPECT_EQ(after - before, 0U) << row.what;
  }
}

// The test above is worth nothing if its counter does not count.
TEST(Allocations, AFirstReportIsCounted) {
  Twin twin(flat_layout());
  ReportReader reader;
  const std::size_t before = allocations;
  ASSERT_TRUE(twin.apply(R"({"params":{"pd.soc":5}})", reader));
  EXPECT_GT(allocations, before);
}

}  // namespace
}  // namespace gridloom::twin

#endif
