#include "console/commands/consent.hpp"

#include "console/question.hpp"

namespace celeriac::console {

boost::asio::awaitable<std::optional<protocol::Error>> consent(Context& context, std::string question,
                                                               bool yes) {
  const auto refused = [](const char* why) {
    return protocol::Error{.status = protocol::Status::denied, .message = why, .code = "not_approved"};
  };
  if (yes) co_return std::nullopt;
  if (!can_ask(context)) co_return refused("Nobody is there to say yes: --yes does so in advance.");
  const auto answer = co_await ask_person(context, question);
  if (!answer) co_return answer.error();
  if (*answer) co_return std::nullopt;
  co_return refused("Nothing was done.");
}

}  // namespace celeriac::console
