// What a signed read costs in steady state, from the bytes of its request to those of its response.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "api/http_service.h"
#include "api/test_api.h"
#include "http/session.h"
#include "testing/allocation_count.h"

namespace gridloom::api {
namespace {

using testing::AllOf;
using testing::EndsWith;
using testing::HasSubstr;
using testing::StartsWith;

constexpr std::size_t kReads = 64;

class SignedReadTest : public ApiTest {
 protected:
  SignedReadTest() {
    std::string params;
    for (int i = 0; i < 100; ++i) {
      fmt::format_to(std::back_inserter(params), R"({}"field{}":"{}")", i == 0 ? "" : ",", i,
                     std::string(40, 'x'));
    }
    home.report(device, kSn,
                fmt::format(R"({{"moduleType":1,"typeCode":"pdStatus","params":{{{}}}}})", params));
    values = home.read_all(alice, kSn);
  }

  // The bytes of a request by `name`.
  [[nodiscard]] std::string bytes_of(std::string_view path, std::string_view query,
                                     std::string_view name = "alice") {
    http::Request made = request(http::Method::kGet, path);
    made.query = query;
    sign_as(made, key_of(name));
    return fmt::format(
        "GET {}{}{} HTTP/1.1\r\nHost: 192.0.2.1:8080\r\naccessKey: {}\r\nnonce: {}\r\n"
        "timestamp: {}\r\nsign: {}\r\n\r\n",
        made.path, query.empty() ? "" : "?", query, made.headers[header::kAccessKey],
        made.headers[header::kNonce], made.headers[header::kTimestamp],
        made.headers[header::kSign]);
  }
  // The response; the memory of the last one is used again, as a loop does.
  const std::string& ask(std::string_view bytes) {
    out.clear();
    session->receive(bytes, now);
    home.settle();
    session->take_output(out);
    return out;
  }

  TimePoint now = home.clock.now();
  RequestRate rate{1'000'000};
  FailureBudget failures{100};
  Api limited{
      {.hub = home.hub.get(), .loop = &home.client_loop, .rate = &rate, .failures = &failures}};
  HttpService service{{.api = &limited, .hub = home.hub.get()}};
  std::shared_ptr<http::Session> session = std::make_shared<http::Session>(
      net::ConnectionContext{
          .loop = home.client_loop, .wake = [] {}, .secure = false, .peer = "192.0.2.7"},
      service, http::SessionLimits{}, now);
  std::string values;
  std::string out;
};

TEST_F(SignedReadTest, AllocatesLittleAndNeverTheSizeOfTheValues) {
  if (!AllocationCount::is_possible()) GTEST_SKIP() << "built without a sanitizer that counts";
  const std::string read = bytes_of("device/quota/all", "sn=R331ZEB4ZEAL0528");
  for (int i = 0; i < 3; ++i) static_cast<void>(ask(read));
  const AllocationCount count;
  for (std::size_t i = 0; i < kReads; ++i) static_cast<void>(ask(read));
  const std::size_t allocations = count.allocations();
  const std::size_t bytes = count.bytes();
  RecordProperty("allocations", static_cast<int>(allocations / kReads));
  RecordProperty("bytes", static_cast<int>(bytes / kReads));
  ASSERT_THAT(without_trace(out), AllOf(StartsWith("HTTP/1.1 200 OK\r\n"),
                                        EndsWith("\r\n\r\n" + golden("0", "Success", values))));
  EXPECT_GT(values.size(), 5000U);
  // Two are OpenSSL's and eight the hub's; the loops of the test add one now and then.
  EXPECT_LE(allocations, kReads * 22 + kReads / 2) << "each: " << allocations / kReads;
  EXPECT_LT(bytes, kReads * values.size() / 2) << "each: " << bytes / kReads;
}

// The memory that a thread keeps for requests is used by one client after the other.
TEST_F(SignedReadTest, NothingOfARequestIsLeftForTheNext) {
  const std::string read = bytes_of("device/quota/all", "sn=R331ZEB4ZEAL0528");
  EXPECT_THAT(ask(read), HasSubstr(R"("code":"0")"));
  EXPECT_THAT(ask("GET /iot-open/sign/device/quota/all HTTP/1.1\r\n\r\n"),
              AllOf(HasSubstr(R"("code":"8513")"), HasSubstr("the header accessKey is missing")));
  EXPECT_THAT(ask(bytes_of("device/quota/all", "")),
              AllOf(HasSubstr(R"("code":"1008")"), HasSubstr("sn is missing")));
  EXPECT_THAT(ask(bytes_of("device/quota/all", "sn=R331ZEB4ZEAL0528", "bob")),
              HasSubstr(R"("code":"8512")"));
  EXPECT_THAT(ask(read), HasSubstr(R"("code":"0")"));
}

TEST_F(SignedReadTest, PipelinedReadsAreAnsweredWhole) {
  const std::string read = bytes_of("device/quota/all", "sn=R331ZEB4ZEAL0528");
  std::string expected = without_trace(ask(read));
  expected += expected;
  std::string all;
  session->receive(read + read, now);
  for (int i = 0; i < 4; ++i) {
    home.settle();
    session->take_output(all);
  }
  EXPECT_EQ(without_trace(all), expected);
}

}  // namespace
}  // namespace gridloom::api
