#include "bench/http_client.h"

#include <gtest/gtest.h>

#include <string>

namespace gridloom::bench {
namespace {

TEST(HttpAnswer, IsReadWhenItIsWholeAndNotBefore) {
  const std::string whole = "HTTP/1.1 200 OK\r\nServer: x\r\nContent-Length: 5\r\n\r\nhello";
  for (std::size_t size = 0; size < whole.size(); ++size) {
    const auto answer = answer_in(std::string_view(whole).substr(0, size));
    ASSERT_TRUE(answer) << size;
    EXPECT_FALSE(*answer) << size;
  }
  const std::string more = whole + "HTTP/1.1 ";
  const auto answer = answer_in(more);
  ASSERT_TRUE(answer && *answer);
  EXPECT_EQ((*answer)->status, 200U);
  EXPECT_EQ((*answer)->body, "hello");
  EXPECT_EQ((*answer)->total_bytes, whole.size());
}

TEST(HttpAnswer, FindsTheLengthHoweverItIsWritten) {
  for (const char* line : {"Content-Length: 2", "content-length:2", "CONTENT-LENGTH:   2"}) {
    const std::string text = "HTTP/1.1 404 No\r\nA: b\r\n" + std::string(line) + "\r\n\r\nno";
    const auto answer = answer_in(text);
    ASSERT_TRUE(answer && *answer) << line;
    EXPECT_EQ((*answer)->status, 404U);
    EXPECT_EQ((*answer)->body, "no");
  }
}

TEST(HttpAnswer, RefusesWhatItCannotRead) {
  for (const char* head :
       {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked", "HTTP/1.1 200 OK\r\nContent-Length: x",
        "HTTP/1.1 200 OK\r\nContent-Length:", "HTTP/1.1 20 OK\r\nContent-Length: 1",
        "HTTP/2 200\r\nContent-Length: 1", "220 smtp ready\r\nContent-Length: 1"}) {
    const std::string text = std::string(head) + "\r\n\r\n1";
    const auto answer = answer_in(text);
    ASSERT_FALSE(answer) << head;
    EXPECT_EQ(answer.error().code, ErrorCode::kMalformed) << head;
  }
}

}  // namespace
}  // namespace gridloom::bench
