// A socket that outlives the servers that take clients from it.
#include "net/listening_socket.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "server_kit.h"

namespace cw::net {
namespace {

/// A server in a process of its own, until that is killed.
pid_t serve_apart(const std::string& listen) {
  const pid_t pid = ::fork();
  if (pid != 0) return pid;
  ServerSetup wanted = setup([](ServerRequest, Reply reply) { reply.send({200, {}, std::to_string(::getpid())}); });
  wanted.listen = listen;
  const HttpServer server(wanted);
  for (;;) ::pause();
}

void kill_and_wait(pid_t pid) {
  ::kill(pid, SIGKILL);
  ::waitpid(pid, nullptr, 0);
}

TEST(ListeningSocket, clients_wait_while_one_server_is_replaced_by_another) {
  const Folder folder;
  for (const std::string& address : {std::string("127.0.0.1:0"), "unix:" + (folder / "door").string()}) {
    const ListeningSocket socket(address);
    const bool local = address.starts_with("unix:");
    const std::string ask =
        "curl -s --max-time 20 " + (local ? "--unix-socket " + (folder / "door").string() + " http://localhost/"
                                          : "http://" + socket.address() + "/");
    const pid_t first = serve_apart(socket.handed_over());
    EXPECT_EQ(shell(ask).output, std::to_string(first));
    kill_and_wait(first);
    // In the background, and no thread of ours: we fork meanwhile.
    const std::string answer = (folder / (local ? "local" : "remote")).string();
    shell("(" + ask + "; echo .) > " + answer + " 2>&1 &");
    ::usleep(50'000);
    const pid_t second = serve_apart(socket.handed_over());
    const std::string wanted = std::to_string(second) + ".\n";
    EXPECT_TRUE(comes_true([&] { return shell("cat " + answer).output == wanted; })) << shell("cat " + answer).output;
    kill_and_wait(second);
  }
  EXPECT_FALSE(std::filesystem::exists(folder / "door")) << "its file goes with it";
}

TEST(ListeningSocket, a_number_that_is_none_is_refused) {
  ServerSetup wanted = setup();
  for (const char* listen : {"fd:", "fd:x", "fd:987654", "fd:-1", "fd:0x"}) {
    wanted.listen = listen;
    EXPECT_THROW(HttpServer{wanted}, Error) << listen;
  }
}

}  // namespace
}  // namespace cw::net
