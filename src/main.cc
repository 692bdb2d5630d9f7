#include "app/cli.h"

int main(int argc, char** argv) { return gridloom::app::run(argc, argv); }
