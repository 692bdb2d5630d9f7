// Sets the process' time zone for the lifetime of an object, for tests.
#pragma once

#include <cstdlib>
#include <ctime>
#include <optional>
#include <string>

namespace gridloom::history {

class TestZone {
 public:
  explicit TestZone(const char* zone) {
    if (const char* before = std::getenv("TZ")) before_ = before;  // NOLINT(concurrency-mt-unsafe)
    ::setenv("TZ", zone, 1);                                       // NOLINT(concurrency-mt-unsafe)
    ::tzset();
  }
  TestZone(const TestZone&) = delete;
  TestZone& operator=(const TestZone&) = delete;
  ~TestZone() {
    if (before_) {
      ::setenv("TZ", before_->c_str(), 1);  // NOLINT(concurrency-mt-unsafe)
    } else {
      ::unsetenv("TZ");  // NOLINT(concurrency-mt-unsafe)
    }
    ::tzset();
  }

 private:
  std::optional<std::string> before_;
};

}  // namespace gridloom::history
