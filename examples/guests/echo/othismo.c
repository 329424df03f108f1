// An echo for Othismo: {"/examples/echo/say": {…}} is answered with {"say.response": {…}}. Built for
// generations 1 and 3.

#define CELERIAC_IMPLEMENTATION
#include <celeriac/othismo.h>

void othismo_receive(const othismo_message* message) {
  if (message->response_id == 0) othismo_reply(message, message->body);
}
