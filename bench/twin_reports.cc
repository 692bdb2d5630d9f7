// Usage: twin_reports bench/reports/families.txt
//
// Cost of a report in its device's twin, for each family on one thread: nanoseconds, the best of
// five runs; allocations; bytes of a twin without a report, and with all reports. A family's
// reports come in turn, and about a third of their numbers differ from those of the report before.
#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <ctime>
#include <map>
#include <memory>
#include <new>
#include <string>
#include <string_view>
#include <vector>

#include "base/read_file.h"
#include "catalog/loader.h"
#include "twin/twin.h"

namespace {

namespace twin = gridloom::twin;
namespace catalog = gridloom::catalog;

std::uint64_t allocations = 0;

}  // namespace

void* operator new(std::size_t size) {
  ++allocations;
  if (void* const memory = std::malloc(size == 0 ? 1 : size)) return memory;
  throw std::bad_alloc();
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t /*size*/) noexcept { std::free(memory); }

namespace {

constexpr std::size_t kMaxFile = std::size_t{1024} * 1024;  // bytes
constexpr std::size_t kVariants = 8;
constexpr int kRuns = 5;
constexpr std::size_t kReports = 50'000;  // a run

// The report with another last digit in a third of the numbers of its body.
std::string variant(std::string report, std::size_t number) {
  std::size_t seen = 0;
  for (std::size_t i = report.find("\"param"); i + 1 < report.size(); ++i) {
    const bool ends = report[i] >= '0' && report[i] <= '9' &&
                      (report[i + 1] == ',' || report[i + 1] == '}' || report[i + 1] == ']');
    if (ends && ++seen % 3 == 0) report[i] = static_cast<char>('1' + (seen + number) % 9);
  }
  return report;
}

// CPU time, because other processes may use the machine.
double processor_time_s() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

void fail(std::string_view what) {
  fmt::print(stderr, "twin_reports: {}\n", what);
  std::exit(1);
}

void measure(const catalog::FamilyPtr& family, const std::vector<std::string>& reports) {
  twin::Twin device(std::make_shared<const twin::Layout>(family));
  twin::ReportReader reader;
  std::vector<twin::AcceptedValue> taken;
  const std::size_t empty_bytes = device.kept_bytes();
  std::size_t bytes = 0;
  std::size_t values = 0;
  std::size_t changed = 0;
  const auto apply = [&](const std::string& report) {
    const auto applied = device.apply(report, reader, &taken);
    if (!applied) fail(applied.error().detail);
    bytes += report.size();
    values += taken.size();
    changed += applied->changed;
  };
  for (int i = 0; i < 2; ++i) std::ranges::for_each(reports, apply);
  double best_s = 1e9;
  std::uint64_t allocated = 0;
  for (int run = 0; run < kRuns; ++run) {
    bytes = values = changed = 0;
    const std::uint64_t allocations_before = allocations;
    const double begun_s = processor_time_s();
    for (std::size_t i = 0; i < kReports; ++i) apply(reports[i % reports.size()]);
    best_s = std::min(best_s, processor_time_s() - begun_s);
    allocated = allocations - allocations_before;
  }
  const auto a_report = [](auto total) {
    return static_cast<double>(total) / static_cast<double>(kReports);
  };
  fmt::print(
      "{:<18} {:>7.1f} bytes {:>5.1f} values {:>5.1f} changed a report: {:>7.1f} ns {:>5.2f} "
      "allocations; a twin {} to {} bytes\n",
      family->id, a_report(bytes), a_report(values), a_report(changed), a_report(best_s * 1e9),
      a_report(allocated), empty_bytes, device.kept_bytes());
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) fail("the argument is the file of the reports");
  const auto text = gridloom::read_text(argv[1], kMaxFile);
  if (!text) fail(text.error().detail);
  std::map<std::string, std::vector<std::string>> originals;
  for (std::string_view rest = *text; !rest.empty();) {
    const std::string_view line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(line.size() + 1, rest.size()));
    const std::size_t blank = line.find(' ');
    if (line.starts_with('#') || blank == std::string_view::npos) continue;
    originals[std::string(line.substr(0, blank))].emplace_back(line.substr(blank + 1));
  }
  for (const catalog::EmbeddedFile& file : catalog::embedded_files()) {
    const auto family = catalog::load_family(file.name, file.text);
    if (!family) fail(family.error().detail);
    const auto found = originals.find((*family)->id);
    if (found == originals.end()) continue;
    std::vector<std::string> reports;
    for (std::size_t i = 0; i < kVariants; ++i) {
      for (const std::string& report : found->second) reports.push_back(variant(report, i));
    }
    measure(*family, reports);
  }
  return 0;
}
