#include "guest/output.hpp"

#include <catch2/catch_test_macros.hpp>

#include "protocol/document.hpp"

using namespace celeriac;
using namespace celeriac::guest;
using Time = protocol::TokenBucket::Time;

namespace {

constexpr Time begin{std::chrono::hours(1)};

}  // namespace

TEST_CASE("of many lines at once some go to the log, and the next says how many did not") {
  Output output;
  std::size_t shown = 0;
  for (int i = 0; i < 1000; ++i)
    if (output.line(false, "x", begin)) ++shown;
  CHECK(shown == static_cast<std::size_t>(lines_at_once));
  CHECK(output.line(false, "y", begin + std::chrono::seconds(1)) ==
        std::format("({} lines left out) y", 1000 - shown));
  CHECK(output.line(false, "z", begin + std::chrono::seconds(1)) == "z");
}

TEST_CASE("a long line is cut, and one that is no text becomes one") {
  Output output;
  const auto cut = output.line(false, std::string(max_line_bytes + 1, 'a'), begin);
  REQUIRE(cut.has_value());
  CHECK(cut->size() == max_line_bytes + std::string_view("…").size());
  CHECK(cut->ends_with("a…"));
  CHECK(protocol::is_utf8(output.line(false, "\xff\xfe", begin).value()));
}

TEST_CASE("the end of the standard error is kept, and nothing of the standard output") {
  Output output;
  CHECK(output.error_end().empty());
  (void)output.line(false, "out", begin);
  for (int i = 0; i < 5000; ++i) (void)output.line(true, std::format("line {}", i), begin);
  const auto end = output.error_end();
  CHECK(end.size() == kept_error_bytes);
  CHECK(end.ends_with("line 4998\nline 4999\n"));
  CHECK_FALSE(end.contains("out"));
  (void)output.line(true, std::string(100'000, 'x'), begin);
  std::string longest(kept_error_bytes, 'x');
  longest.back() = '\n';
  CHECK(output.error_end() == longest);
}

TEST_CASE("a bucket of tokens lets through its burst, and then its rate") {
  protocol::TokenBucket bucket(10, 3);
  CHECK(bucket.take(begin));
  CHECK(bucket.take(begin));
  CHECK(bucket.take(begin));
  CHECK_FALSE(bucket.take(begin));
  CHECK(bucket.wait(begin) == std::chrono::milliseconds(100));
  CHECK(bucket.take(begin + std::chrono::milliseconds(100)));
  CHECK_FALSE(bucket.take(begin + std::chrono::milliseconds(150)));
  const auto later = begin + std::chrono::hours(1);
  for (int i = 0; i < 3; ++i) CHECK(bucket.take(later));
  CHECK_FALSE(bucket.take(later));
  CHECK_FALSE(bucket.take(begin));  // a clock that goes back gives nothing
}
