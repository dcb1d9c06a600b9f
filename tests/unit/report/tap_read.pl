#!/usr/bin/perl
# Says what TAP::Parser, which is Perl's own, finds in a file.
use strict;
use warnings;
use TAP::Parser;

my $file = shift or die "usage: tap_read.pl FILE\n";
open my $handle, '<', $file or die "$file: $!\n";
my $text = do { local $/; <$handle> };
my $parser = TAP::Parser->new({ tap => $text });
my $skipped = 0;
while (my $result = $parser->next) {
  if ($result->is_test) {
    my $directive = join ' ', grep { length } $result->directive, $result->explanation;
    $skipped++ if $result->has_skip;
    (my $description = $result->description) =~ s/^- //;
    printf "%s %d '%s' '%s'\n", $result->ok, $result->number, $directive, substr $description, 0, 300;
  } elsif ($result->is_yaml) {
    my $data = $result->data;
    for my $key (grep { !ref $data->{$_} } sort keys %$data) {
      printf "yaml %s=%s\n", $key, substr $data->{$key}, 0, 300;
    }
    printf "trace %s\n", substr $_, 0, 300 for @{ $data->{trace} || [] };
  } elsif ($result->is_unknown) {
    printf "unknown %s\n", substr $result->raw, 0, 100;
  }
}
printf "plan %s, run %d, passed %d, failed %d, skipped %d, errors %d\n", $parser->tests_planned // 'none',
  $parser->tests_run, scalar $parser->passed, scalar $parser->failed, $skipped, scalar $parser->parse_errors;
print "error $_\n" for $parser->parse_errors;
