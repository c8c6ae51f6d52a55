# Perl at work: it computes while it is checkpointed, has children on pipes, closures, and an alarm under way.
use strict;
use warnings;
$SIG{ALRM} = sub { open(my $f, '>>', 'rung') or die; print $f "alarm\n"; };
open(my $log, '>>', 'log') or die;
$log->autoflush(1);
print $log "begin\n";
my @children;
for my $n (1 .. 3) {
	pipe(my $r, my $w) or die;
	pipe(my $back, my $answer) or die;
	my $pid = fork // die;
	if (!$pid) {
		close $_ for $w, $back, map { @$_[1, 2] } @children;
		my $sum = 0;
		while (<$r>) { $sum += $n * $_; }
		print $answer "$n: $sum\n";
		exit $n;
	}
	close $r;
	close $answer;
	$w->autoflush(1);
	push @children, [$pid, $w, $back];
}
sub counter { my $n = shift; return sub { return $n++; } }
my @count = map { counter($_ * 1000) } 0 .. 2;
sub feed {
	for my $i (0 .. 2) { my $w = $children[$i][1]; print $w $count[$i]->(), "\n" for 1 .. 200; }
}
feed();
alarm 3;
my ($x, $y, $told) = (1, 0, 0);
while (!-e 'go') {
	# What is computed here is the same however long it takes: the state has a period of 1000.
	for (1 .. 1000) { $x = ($x * 21 + 7) % 1000; $y += 0.5; }
	if (!$told++) { open(my $f, '>', 'mid') or die; }
}
feed();
for (@children) {
	my ($pid, $w, $back) = @$_;
	close $w;
	print scalar <$back>;
	waitpid($pid, 0);
	print $? >> 8, "\n";
}
print "$x ", $y == int($y / 500) * 500 ? "whole" : "part", "\n";
select(undef, undef, undef, 0.05) while !-e 'rung';
print $log "end\n";
