require Directory::Queue;
1;
